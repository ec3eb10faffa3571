import type { Action, ActionName, Principal, Role } from '../core/principal.ts';

/**
 * What a role may do with an action: always; with its own things only; with those of others only
 * (nobody reviews himself); or while the glass is broken.
 */
export type Right = 'always' | 'own' | 'others' | 'raised';

export type Verdict =
  | { readonly isAllowed: true }
  | { readonly isAllowed: false; readonly reason: RefusalReason };

/** Why not. `unknown`: nobody is signed in, and somebody would have to be. */
export type RefusalReason = 'unknown' | 'first-steps' | 'role' | 'owner' | 'glass';

interface Rights {
  /** Whoever asks, also without a name. */
  readonly isOpen?: true;
  /** A person may do it before the first steps are done, within the rights of the role. */
  readonly isFirstStep?: true;
  readonly may?: Readonly<Partial<Record<Role, Right>>>;
}

const people = {
  viewer: 'always',
  clinical: 'always',
  security: 'always',
  admin: 'always',
} as const;
const everyone = {
  ...people,
  device: 'always',
  consumer: 'always',
  machine: 'always',
  flow: 'always',
} as const;

/**
 * The one table of rights (IEC 62443-4-2 CR 2.1, least privilege). What is not in it is refused:
 * an action without its row does not compile, a role that a row does not name may not.
 */
export const rights: Readonly<Record<ActionName, Rights>> = {
  'health.read': { isOpen: true },
  'contact.read': { isOpen: true },
  'trust.read': { isOpen: true },
  // The one-time token decides, not the role.
  'certificate.enrol': { isOpen: true },
  'certificate.renew': { may: { device: 'own', consumer: 'own', machine: 'own', flow: 'own' } },
  'interface.read': { may: everyone },
  'metrics.read': { may: { security: 'always', admin: 'always', machine: 'always' } },
  'session.open': { isOpen: true },
  'session.own': { isFirstStep: true, may: people },
  'session.manage': { may: { admin: 'always' } },
  'credential.own': { isFirstStep: true, may: people },
  'user.manage': { may: { admin: 'always' } },
  'settings.reload': { may: { admin: 'always' } },
  'device.read': { may: { ...people, machine: 'always', flow: 'always' } },
  'device.revoke': { may: { clinical: 'raised', security: 'always', admin: 'always' } },
  'device.quarantine': { may: { clinical: 'raised', security: 'always', admin: 'always' } },
  'association.change': { may: { clinical: 'always' } },
  'observation.read': { may: { viewer: 'always', clinical: 'always', security: 'raised' } },
  'patient.read': { may: { clinical: 'always', security: 'raised' } },
  'vulnerability.read': { may: { ...people, machine: 'always' } },
  'finding.read': { may: { ...people, machine: 'always', consumer: 'always', flow: 'always' } },
  'finding.change': { may: { clinical: 'raised', security: 'always', admin: 'always' } },
  'finding.frames': { may: { clinical: 'always', security: 'always', admin: 'always' } },
  'response.change': { may: { clinical: 'raised', security: 'always', admin: 'always' } },
  'score.read': { may: { ...people, machine: 'always', flow: 'always' } },
  'outbox.read': { may: { ...people, machine: 'always' } },
  'outbox.retry': { may: { clinical: 'raised', admin: 'always' } },
  'audit.read': { may: { security: 'always', admin: 'always' } },
  'event.read': { may: { ...people, machine: 'always' } },
  'break-glass.open': { may: { clinical: 'always', security: 'always' } },
  'break-glass.read': { may: { clinical: 'own', security: 'always', admin: 'always' } },
  'break-glass.review': { may: { security: 'others', admin: 'others' } },
  'topic.publish': { may: { device: 'own' } },
  'command.receive': { may: { device: 'own' } },
  'released.receive': { may: { consumer: 'always', flow: 'always' } },
};

/**
 * Whether it may be done: the one question before every route and every MQTT action. Pure; denies
 * by default. `principal` is undefined for whoever showed nothing.
 */
export function authorise(principal: Principal | undefined, action: Action): Verdict {
  const { isOpen, isFirstStep, may = {} } = rights[action.name];
  if (isOpen) return allowed;
  if (!principal) return refused('unknown');
  if (principal.isConfined && !isFirstStep) return refused('first-steps');
  const right = may[principal.role];
  switch (right) {
    case undefined:
      return refused('role');
    case 'always':
      return allowed;
    case 'own':
      return action.owner === principal.id ? allowed : refused('owner');
    case 'others':
      return action.owner !== undefined && action.owner !== principal.id
        ? allowed
        : refused('owner');
    case 'raised':
      return principal.isRaised ? allowed : refused('glass');
    default:
      return right satisfies never;
  }
}

/** Whether breaking the glass gives the role anything. */
export function mayBeRaised(role: Role): boolean {
  return authorise({ id: '', role, by: 'session' }, { name: 'break-glass.open' }).isAllowed;
}

const allowed: Verdict = { isAllowed: true };

function refused(reason: RefusalReason): Verdict {
  return { isAllowed: false, reason };
}
