/**
 * Who may ask for something: a device, another machine, or a person. IEC 62443-4-2 CR 1.1 and
 * CR 1.2. What each of them may do stands in `access/authorise.ts`.
 */
export const roles = {
  device: 'A bedside device with its own certificate.',
  consumer: 'A system of the hospital that reads released data over MQTT.',
  viewer: 'A person who looks at devices and values, and sees no patient.',
  clinical: 'A person at the bedside: sees patients and says who lies where.',
  security: 'A person who looks after security: findings, audit, revocation.',
  admin: 'A person who runs the gateway: users, devices, destinations. Sees no patient.',
  machine: 'Supervision, such as a monitoring system, with a certificate or a token.',
  flow: 'The process of this gateway’s flows.',
} as const satisfies Record<string, string>;

export type Role = keyof typeof roles;

export interface Principal {
  /** Unique within its role: a device id, a user name, the name of a token. */
  readonly id: string;
  readonly role: Role;
  /** By what it showed who it is. */
  readonly by: 'certificate' | 'session' | 'token';
  /** SHA-256 of the certificate it came by, as node:tls shows it. */
  readonly certificate?: string;
  /** Names the session or token it came by, so that what is under way can be ended with it. */
  readonly session?: string;
  /** Only until its first steps are done: password changed, second factor enrolled. */
  readonly isConfined?: boolean;
  /** Broke the glass a short while ago, with a reason. */
  readonly isRaised?: boolean;
}

/** Everything that can be asked of the gateway, over HTTPS or MQTT. */
export const actions = {
  'health.read': 'Ask whether the gateway runs and keeps what it takes.',
  'contact.read': 'Read whom to tell of a vulnerability.',
  'trust.read': 'Read authorities, revocation lists and the status of a certificate.',
  'certificate.enrol': 'Get a first certificate, for a one-time token.',
  'certificate.renew': 'Get the next certificate, for the one in use.',
  'interface.read': 'Read the description of this interface.',
  'metrics.read': 'Read the figures of the gateway.',
  'session.open': 'Sign in.',
  'session.own': 'See and end one’s own sessions.',
  'session.manage': 'See and end everybody’s sessions.',
  'credential.own': 'Change one’s own password and second factor.',
  'user.manage': 'Add, change and remove people and machines.',
  'settings.reload': 'Have the gateway read its settings anew.',
  'device.read': 'See the devices, their state and their certificates.',
  'device.revoke': 'Revoke the certificates of a device.',
  'device.quarantine': 'Put a device in quarantine, or end it.',
  'association.change': 'Bind a device to a patient, or end it.',
  'observation.read': 'See what a device measured.',
  'patient.read': 'See which patient a device is bound to.',
  'finding.read': 'See what looks like an attack.',
  'vulnerability.read': 'See what is vulnerable in the devices and the gateway.',
  'finding.change': 'Acknowledge, close and reopen what looks like an attack.',
  'finding.frames': 'See what a device said around a finding, masked where patients are not seen.',
  'response.change': 'Confirm or undo what the gateway does about a finding.',
  'score.read': 'See how secure each device is, and why.',
  'outbox.read': 'See what waits for its destination, and what was refused.',
  'outbox.retry': 'Send again what a destination refused.',
  'audit.read': 'Read and export the audit trail.',
  'event.read': 'Follow what happens as it happens.',
  'break-glass.open': 'Do more than one’s role for a short while, with a reason.',
  'break-glass.read': 'See who broke the glass, and why.',
  'break-glass.review': 'Review that somebody else broke the glass.',
  'topic.publish': 'Publish over MQTT to the topics of a device.',
  'command.receive': 'Receive the commands to a device over MQTT.',
  'released.receive': 'Receive released observations and alerts over MQTT.',
} as const satisfies Record<string, string>;

export type ActionName = keyof typeof actions;

export interface Action {
  readonly name: ActionName;
  /** Whose it is, where that matters: the device of a topic, the person of a session. */
  readonly owner?: string | undefined;
}

/** The principal as the actor of an audit entry: people by their name, others by their kind. */
export function actorOf({ id, role }: Principal): string {
  return role in people ? id : `${role}:${id}`;
}

const people = { viewer: true, clinical: true, security: true, admin: true };
