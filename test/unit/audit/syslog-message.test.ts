import { expect, it } from 'vitest';
import { octetCounted, recordLine, syslogMessage } from '../../../gateway/audit/syslog-message.ts';
import type { AuditRecord } from '../../../gateway/core/audit-entry.ts';

const record: AuditRecord = {
  sequence: 7,
  at: Date.UTC(2026, 10, 22, 12),
  actor: 'cli:müller',
  action: 'device.add',
  object: 'mon-1',
  outcome: 'failure',
  detail: 'profile "x" ]\n\u007f',
  hash: 'ab'.repeat(32),
};

it('an entry is an RFC 5424 message: one line of ASCII, with registered structured data only', () => {
  const message = syslogMessage(record, { site: 'ward-3b', version: '1.2.3' });
  const parts =
    /^<108>1 2026-11-22T12:00:00\.000Z ward-3b wardgate - device\.add \[meta sequenceId="7"\]\[origin software="wardgate" swVersion="1\.2\.3"\] (\{.*\})$/.exec(
      message,
    );
  expect(message).toMatch(/^[ -~]+$/);
  expect(JSON.parse(parts?.[1] ?? '')).toEqual(record);
  expect(syslogMessage({ ...record, outcome: 'success' }, { site: 's', version: '1' })).toMatch(
    /^<109>1 /,
  );
});

it('is framed by its length in bytes', () => {
  expect(octetCounted('abc')).toBe('3 abc');
  expect(octetCounted('ü')).toBe('2 ü');
});

it('a line of JSON holds the record as it is chained', () => {
  expect(JSON.parse(recordLine(record))).toEqual(record);
});
