/** What an act is to a security officer; fhir/audit-event.ts has the DICOM code of each. */
export type AuditKind =
  | 'application-start'
  | 'application-stop'
  | 'login'
  | 'logout'
  | 'node-authentication'
  | 'emergency-override'
  | 'network-configuration'
  | 'security-configuration'
  | 'software-configuration'
  | 'restricted-function'
  | 'roles-changed'
  | 'credentials-changed'
  | 'patient-record'
  | 'audit-log-used'
  | 'export'
  | 'import'
  | 'alert';

interface AuditActionRow {
  readonly kind: AuditKind;
  /** Create, read, update, delete, execute (FHIR AuditEvent.action). */
  readonly does: 'C' | 'R' | 'U' | 'D' | 'E';
  readonly meaning: string;
}

/**
 * Everything that is audited, by its name. An act that is not in this table does not compile: a new
 * act is one row here, and one `audit.add` in the transaction that does it.
 */
export const auditActions = {
  'access.refused': {
    kind: 'node-authentication',
    does: 'E',
    meaning: 'Connections, subscriptions or messages were refused; counted by the minute.',
  },
  'audit.damaged': {
    kind: 'alert',
    does: 'R',
    meaning:
      'The audit trail was not as it was written: at the start its end, later any part of it.',
  },
  'admission.refuse': {
    kind: 'patient-record',
    does: 'U',
    meaning: 'A device that is no feed of admissions tried to move a patient.',
  },
  'audit.prune': {
    kind: 'audit-log-used',
    does: 'D',
    meaning: 'Entries beyond their time were deleted, up to the one named.',
  },
  'rama.state': {
    kind: 'security-configuration',
    does: 'U',
    meaning: 'Somebody stated what the gateway cannot see of a device, for its security score.',
  },
  'audit.export': { kind: 'audit-log-used', does: 'R', meaning: 'The audit trail was exported.' },
  'authority.install': {
    kind: 'security-configuration',
    does: 'U',
    meaning: 'The chain of another authority that certified the site’s root was installed.',
  },
  'authority.request': {
    kind: 'security-configuration',
    does: 'C',
    meaning: 'A request for another authority to certify the site’s root was made.',
  },
  'authority.undo': {
    kind: 'security-configuration',
    does: 'U',
    meaning: 'The chain of another authority was taken away again.',
  },
  'certificate.issue': {
    kind: 'credentials-changed',
    does: 'C',
    meaning: 'A certificate was issued to somebody who is no device.',
  },
  'certificate.revoke': {
    kind: 'credentials-changed',
    does: 'D',
    meaning: 'Certificates of somebody who is no device were revoked.',
  },
  'break-glass.open': {
    kind: 'emergency-override',
    does: 'E',
    meaning: 'A person took more rights than the role has, with a reason.',
  },
  'break-glass.review': {
    kind: 'emergency-override',
    does: 'U',
    meaning: 'Another person reviewed that.',
  },
  'device.accept': {
    kind: 'security-configuration',
    does: 'U',
    meaning: 'Another device may answer under this name.',
  },
  'device.add': {
    kind: 'security-configuration',
    does: 'C',
    meaning: 'A device was registered; its enrolment token was made.',
  },
  'device.associate': {
    kind: 'patient-record',
    does: 'U',
    meaning: 'A device was bound to a patient.',
  },
  'device.dissociate': {
    kind: 'patient-record',
    does: 'U',
    meaning: 'A device was bound to nobody any more.',
  },
  'device.enrol': {
    kind: 'credentials-changed',
    does: 'C',
    meaning: 'A certificate was issued to a device.',
  },
  'device.grace': {
    kind: 'security-configuration',
    does: 'U',
    meaning: 'A certificate that expires is let in for some days more.',
  },
  'device.grace-used': {
    kind: 'node-authentication',
    does: 'E',
    meaning: 'A device came in by a certificate that has expired; counted by the minute.',
  },
  'device.quarantine': {
    kind: 'security-configuration',
    does: 'U',
    meaning: 'A device was put in quarantine, or its quarantine changed.',
  },
  'device.release': {
    kind: 'security-configuration',
    does: 'U',
    meaning: 'The quarantine of a device ended.',
  },
  'device.signing-key': {
    kind: 'credentials-changed',
    does: 'C',
    meaning: 'The key by which a device signs its messages was enrolled.',
  },
  'device.revoke': {
    kind: 'credentials-changed',
    does: 'D',
    meaning: 'Certificates of a device were revoked, and its token taken away.',
  },
  'device.token': {
    kind: 'credentials-changed',
    does: 'C',
    meaning: 'A one-time enrolment token was made.',
  },
  'finding.acknowledge': {
    kind: 'alert',
    does: 'U',
    meaning: 'Somebody looks after an episode of findings.',
  },
  'finding.close': { kind: 'alert', does: 'U', meaning: 'An episode was closed, with its cause.' },
  'finding.export': {
    kind: 'export',
    does: 'R',
    meaning: 'Findings were exported by a command.',
  },
  'finding.frames': {
    kind: 'patient-record',
    does: 'R',
    meaning: 'Somebody looked at what a device said around a finding, masked or in clear.',
  },
  'finding.reopen': { kind: 'alert', does: 'U', meaning: 'A closed episode was opened again.' },
  'bundle-key.trust': {
    kind: 'security-configuration',
    does: 'C',
    meaning: 'Bundles of vulnerability data that a key signed are believed from now on.',
  },
  'bundle-key.distrust': {
    kind: 'security-configuration',
    does: 'D',
    meaning: 'Bundles that a key signed are believed no more.',
  },
  'vulnerability.import': {
    kind: 'import',
    does: 'U',
    meaning: 'A bundle of vulnerability data was imported, or refused.',
  },
  'vulnerability.state': {
    kind: 'security-configuration',
    does: 'C',
    meaning: 'It was stated whether a vulnerability affects a component of a model (VEX).',
  },
  'vulnerability.withdraw': {
    kind: 'security-configuration',
    does: 'U',
    meaning: 'Such a statement was taken back.',
  },
  'bill.import': {
    kind: 'import',
    does: 'U',
    meaning: 'What a device model is made of was imported (SBOM).',
  },
  'mds2.import': {
    kind: 'import',
    does: 'U',
    meaning: 'A maker’s answers on an MDS2 form were imported.',
  },
  'gateway.start': { kind: 'application-start', does: 'E', meaning: 'The gateway started.' },
  'gateway.stop': { kind: 'application-stop', does: 'E', meaning: 'The gateway was stopped.' },
  'outbox.discard': {
    kind: 'restricted-function',
    does: 'D',
    meaning: 'What a destination that is none any more was owed was thrown away.',
  },
  'outbox.export': {
    kind: 'export',
    does: 'R',
    meaning: 'What a destination refused was printed by a command.',
  },
  'device.place': {
    kind: 'security-configuration',
    does: 'U',
    meaning: 'A device was placed at another bed.',
  },
  'outbox.retry': {
    kind: 'restricted-function',
    does: 'E',
    meaning: 'What a destination refused was sent again.',
  },
  'relay.refused': {
    kind: 'export',
    does: 'E',
    meaning: 'A destination refused entries for good; counted by the minute.',
  },
  'response.take': {
    kind: 'alert',
    does: 'E',
    meaning: 'The gateway did something about a finding by itself, for a time.',
  },
  'response.hold': {
    kind: 'alert',
    does: 'C',
    meaning: 'A finding asks for something that a person must confirm, or that no machine may do.',
  },
  'response.confirm': {
    kind: 'restricted-function',
    does: 'E',
    meaning: 'A person had it done.',
  },
  'response.end': {
    kind: 'restricted-function',
    does: 'U',
    meaning: 'It was undone by a person, or its time was over.',
  },
  'model.activate': {
    kind: 'security-configuration',
    does: 'U',
    meaning: 'Another model looks for what is strange.',
  },
  'model.fit': {
    kind: 'security-configuration',
    does: 'C',
    meaning: 'A model was fitted to the site’s own traffic, and runs in shadow.',
  },
  'model.rollback': {
    kind: 'security-configuration',
    does: 'U',
    meaning: 'The model of before looks for what is strange again.',
  },
  'settings.change': {
    kind: 'software-configuration',
    does: 'U',
    meaning: 'Other settings or profiles than before are in force, or could not be.',
  },
  'session.end': {
    kind: 'logout',
    does: 'E',
    meaning: 'A session was ended: by its owner, by another, or by its limits.',
  },
  'session.open': { kind: 'login', does: 'E', meaning: 'Somebody signed in, or was refused.' },
  'site.backup': { kind: 'export', does: 'R', meaning: 'The whole site was backed up, encrypted.' },
  'site.restore': { kind: 'import', does: 'C', meaning: 'The site was made of a backup.' },
  'site.create': { kind: 'security-configuration', does: 'C', meaning: 'The site was made.' },
  'store.rotate-key': {
    kind: 'security-configuration',
    does: 'U',
    meaning: 'The database was encrypted under a new key; begun and done are two entries.',
  },
  'user.add': {
    kind: 'security-configuration',
    does: 'C',
    meaning: 'A person or a machine may use the gateway.',
  },
  'user.password': { kind: 'credentials-changed', does: 'U', meaning: 'A password was set.' },
  'user.remove': {
    kind: 'security-configuration',
    does: 'D',
    meaning: 'Somebody may not use the gateway any more.',
  },
  'user.revoke': {
    kind: 'credentials-changed',
    does: 'D',
    meaning: 'All sessions and the token of somebody were ended.',
  },
  'user.role': { kind: 'roles-changed', does: 'U', meaning: 'Somebody got another role.' },
  'user.second-factor': {
    kind: 'credentials-changed',
    does: 'U',
    meaning: 'A second factor was enrolled or taken away.',
  },
  'user.token': { kind: 'credentials-changed', does: 'C', meaning: 'A machine got a token.' },
  'user.unlock': {
    kind: 'security-configuration',
    does: 'U',
    meaning: 'Failed sign-ins were forgotten.',
  },
} as const satisfies Record<string, AuditActionRow>;

export type AuditAction = keyof typeof auditActions;
