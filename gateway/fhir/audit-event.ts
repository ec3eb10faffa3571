import { type AuditKind, auditActions } from '../core/audit-action.ts';
import type { AuditRecord } from '../core/audit-entry.ts';

const systems = {
  dicom: 'http://dicom.nema.org/resources/ontology/DCM',
  action: 'urn:wardgate:audit-action',
  actor: 'urn:wardgate:actor',
  object: 'urn:wardgate:object',
  sourceType: 'http://terminology.hl7.org/CodeSystem/security-source-type',
  entityType: 'http://terminology.hl7.org/CodeSystem/audit-entity-type',
} as const;

/** DICOM PS3.16 CID 400 (types) and CID 401 (subtypes), as FHIR R4 and IHE ATNA use them. */
const codes = {
  110100: 'Application Activity',
  110101: 'Audit Log Used',
  110106: 'Export',
  110107: 'Import',
  110110: 'Patient Record',
  110113: 'Security Alert',
  110114: 'User Authentication',
  110120: 'Application Start',
  110121: 'Application Stop',
  110122: 'Login',
  110123: 'Logout',
  110126: 'Node Authentication',
  110127: 'Emergency Override Started',
  110128: 'Network Configuration',
  110129: 'Security Configuration',
  110131: 'Software Configuration',
  110132: 'Use of Restricted Function',
  110136: 'Security Roles Changed',
  110137: 'User security Attributes Changed',
} as const;
type Code = keyof typeof codes;

const kinds: Readonly<Record<AuditKind, readonly [type: Code, subtype?: Code]>> = {
  'application-start': [110100, 110120],
  'application-stop': [110100, 110121],
  login: [110114, 110122],
  logout: [110114, 110123],
  'node-authentication': [110113, 110126],
  'emergency-override': [110113, 110127],
  'network-configuration': [110113, 110128],
  'security-configuration': [110113, 110129],
  'software-configuration': [110113, 110131],
  'restricted-function': [110113, 110132],
  'roles-changed': [110113, 110136],
  'credentials-changed': [110113, 110137],
  'patient-record': [110110],
  'audit-log-used': [110101],
  export: [110106],
  import: [110107],
  alert: [110113],
};

/**
 * One entry of the audit trail as a FHIR R4 AuditEvent (http://hl7.org/fhir/R4/auditevent.html).
 * `outcome` is 0 for success and 4, minor failure, for what was refused.
 */
export function toAuditEvent(record: AuditRecord, site: string): object {
  const { sequence, at, action, object, outcome, detail, hash } = record;
  const { kind, does, meaning } = auditActions[action];
  const [type, subtype] = kinds[kind];
  const named = { system: systems.action, code: action, display: meaning };
  return {
    resourceType: 'AuditEvent',
    type: coding(type),
    subtype: subtype === undefined ? [named] : [coding(subtype), named],
    action: does,
    recorded: new Date(at).toISOString(),
    outcome: outcome === 'success' ? '0' : '4',
    ...(detail !== '' && { outcomeDesc: detail }),
    agent: [agentOf(record)],
    source: {
      site,
      observer: { identifier: { system: systems.actor, value: site }, display: 'wardgate' },
      type: [{ system: systems.sourceType, code: '4', display: 'Application Server' }],
    },
    entity: [
      {
        what: { identifier: { system: systems.object, value: object === '' ? site : object } },
        type: { system: systems.entityType, code: '2', display: 'System Object' },
        detail: [
          { type: 'sequence', valueString: `${sequence}` },
          { type: 'sha256', valueString: hash },
        ],
      },
    ],
  };
}

function coding(code: Code) {
  return { system: systems.dicom, code: `${code}`, display: codes[code] };
}

/** FHIR R4 network-type 2 is an IP address. */
function agentOf({ actor }: AuditRecord) {
  const address = /^address:(.+)$/.exec(actor)?.[1];
  return {
    who: { identifier: { system: systems.actor, value: actor } },
    requestor: actor !== 'gateway',
    ...(address !== undefined && { network: { address, type: '2' } }),
  };
}
