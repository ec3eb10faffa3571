import { z } from 'zod';
import { authorise } from '../access/authorise.ts';
import { clinicalFunctions, DeviceId, deviceClasses } from '../core/device.ts';
import type { Principal } from '../core/principal.ts';
import { type QuarantineMode, quarantineModes } from '../core/quarantine.ts';
import type { DeviceState, LinkState } from '../core/site-state.ts';
import type { PatientBudget } from './patient-budget.ts';
import { problem } from './problem.ts';
import { answer, defineRoute, type Route } from './route.ts';
import { time, timeOf } from './time.ts';

export interface DeviceSource {
  /** After an id, at most so many, with whom they are bound to where that may be seen. */
  list(after: string, countMax: number, withSubjects: boolean): Promise<readonly DeviceState[]>;
  find(id: string, withSubject: boolean): Promise<DeviceState | undefined>;
  linkOf(id: DeviceId): LinkState;
  /** Counts whom a person is shown, and says when it is too many. */
  readonly budget: PatientBudget;
}

export const deviceParameters = z.strictObject({ id: DeviceId });

const modes = Object.keys(quarantineModes) as QuarantineMode[];

/** The most devices of one answer; the next page begins after the last one. */
const pageCountMax = 200;

const DeviceAnswer = z.object({
  id: z.string(),
  profile: z.string(),
  class: z.enum(deviceClasses),
  function: z.enum(clinicalFunctions),
  ward: z.string(),
  room: z.string().optional(),
  bed: z.string().optional(),
  addedAt: time,
  announcedSerialNumber: z.string().optional(),
  link: z.object({
    isUp: z.boolean(),
    isQuiet: z.boolean().describe('Silent for too long: what it said last is stale.'),
    since: time.optional(),
    heardAt: time.optional(),
    address: z.string().optional(),
  }),
  certificate: z
    .object({ serialNumber: z.string(), notBefore: time, notAfter: time })
    .optional()
    .describe('The newest one.'),
  association: z
    .object({
      since: time,
      subject: z.string().optional().describe('Only for who may see patients.'),
    })
    .optional()
    .describe('Missing while the device is bound to nobody.'),
  quarantine: z
    .object({
      mode: z.enum(modes),
      reason: z.string(),
      by: z.string(),
      since: time,
      until: time.optional(),
    })
    .optional()
    .describe('Missing while the device is trusted.'),
  held: z.array(z.object({ cause: z.string(), rows: z.number(), oldestAt: time })),
});

export function deviceRoutes(source: DeviceSource): readonly Route[] {
  const { budget } = source;
  return [
    defineRoute({
      method: 'GET',
      path: '/api/v1/devices',
      action: 'device.read',
      summary: 'The devices in the order of their ids, a page at a time.',
      query: z.strictObject({
        after: DeviceId.optional().describe('The last id of the page before.'),
        count: z.coerce.number().int().min(1).max(pageCountMax).default(pageCountMax),
      }),
      answer: z.object({ devices: z.array(DeviceAnswer) }),
      async handle({ query: { after = '', count }, principal }) {
        const states = await source.list(after, count, maySeePatients(principal));
        return answer({
          devices: states.map((state) =>
            shown(budget.shownTo(principal, state), source.linkOf(state.id)),
          ),
        });
      },
    }),
    defineRoute({
      method: 'GET',
      path: '/api/v1/devices/:id',
      action: 'device.read',
      summary: 'One device.',
      parameters: deviceParameters,
      answer: DeviceAnswer,
      async handle({ parameters: { id }, principal }) {
        const state = await source.find(id, maySeePatients(principal));
        return state
          ? answer(shown(budget.shownTo(principal, state), source.linkOf(state.id)))
          : problem('not-found');
      },
    }),
  ];
}

export function maySeePatients(principal: Principal | undefined): boolean {
  return authorise(principal, { name: 'patient.read' }).isAllowed;
}

function shown(state: DeviceState, link: LinkState): z.input<typeof DeviceAnswer> {
  const { boundSince, subject, certificate, quarantine, held, addedAt, ...rest } = state;
  return {
    ...rest,
    addedAt: timeOf(addedAt),
    link: {
      isUp: link.isUp,
      isQuiet: link.isQuiet,
      address: link.address,
      ...(link.since !== undefined && { since: timeOf(link.since) }),
      ...(link.heardAt !== undefined && { heardAt: timeOf(link.heardAt) }),
    },
    ...(certificate && {
      certificate: {
        serialNumber: certificate.serialNumber,
        notBefore: timeOf(certificate.notBefore),
        notAfter: timeOf(certificate.notAfter),
      },
    }),
    ...(boundSince !== undefined && { association: { since: timeOf(boundSince), subject } }),
    ...(quarantine && {
      quarantine: {
        mode: quarantine.mode,
        reason: quarantine.reason,
        by: quarantine.actor,
        since: timeOf(quarantine.since),
        ...(quarantine.until !== undefined && { until: timeOf(quarantine.until) }),
      },
    }),
    held: held.map(({ cause, rows, oldestAt }) => ({ cause, rows, oldestAt: timeOf(oldestAt) })),
  };
}
