import { expect, it } from 'vitest';
import { type AuditAction, auditActions } from '../../../gateway/core/audit-action.ts';
import type { AuditRecord } from '../../../gateway/core/audit-entry.ts';
import { toAuditEvent } from '../../../gateway/fhir/audit-event.ts';

const record = (action: AuditAction, actor = 'cli:root'): AuditRecord => ({
  sequence: 7,
  at: Date.UTC(2026, 10, 22, 12),
  actor,
  action,
  object: 'mon-1',
  outcome: 'success',
  detail: '',
  hash: 'ab'.repeat(32),
});

it.each(Object.keys(auditActions) as AuditAction[])(
  '%s has what a FHIR R4 AuditEvent must have',
  (action) => {
    const event = toAuditEvent(record(action), 'ward-3b');
    const system = 'http://dicom.nema.org/resources/ontology/DCM';
    expect(event).toMatchObject({
      resourceType: 'AuditEvent',
      type: { system, code: expect.stringMatching(/^1101\d\d$/), display: expect.any(String) },
      subtype: expect.arrayContaining([expect.objectContaining({ code: action })]),
      action: expect.stringMatching(/^[CRUDE]$/),
      recorded: '2026-11-22T12:00:00.000Z',
      outcome: '0',
      agent: [{ requestor: true, who: { identifier: { value: 'cli:root' } } }],
      source: { observer: { identifier: { value: 'ward-3b' } } },
      entity: [{ what: { identifier: { value: 'mon-1' } } }],
    });
  },
);

it('says where from, and that the gateway asks nobody', () => {
  const event = (actor: string) => toAuditEvent(record('access.refused', actor), 'ward-3b');
  expect(event('address:10.0.0.9')).toMatchObject({
    agent: [{ network: { address: '10.0.0.9', type: '2' } }],
  });
  expect(event('gateway')).toMatchObject({ agent: [{ requestor: false }] });
});

it('what was refused is a minor failure with its cause', () => {
  const refused = { ...record('access.refused'), outcome: 'failure', detail: 'tls (3)' } as const;
  expect(toAuditEvent(refused, 's')).toMatchObject({ outcome: '4', outcomeDesc: 'tls (3)' });
});
