import { expect, it } from 'vitest';
import { identify } from '../../../gateway/access/device-identity.ts';
import type { Instant } from '../../../gateway/core/observation.ts';

const now = Date.UTC(2026, 10, 22) as Instant;
const good = {
  subject: { CN: 'oxi-12' },
  subjectaltname: 'URI:urn:wardgate:device:oxi-12',
  fingerprint256: 'AB:CD',
  valid_from: 'Nov 21 00:00:00 2026 GMT',
  valid_to: 'Nov 23 00:00:00 2026 GMT',
};
const judge = (changes: Record<string, unknown>) =>
  identify({ ...good, ...changes } as Parameters<typeof identify>[0], now);

it('reads a device from its certificate', () => {
  expect(judge({})).toEqual({ device: 'oxi-12', fingerprint: 'AB:CD' });
});

it.each<[string, unknown]>([
  ['a wildcard', { CN: '+' }],
  ['the other wildcard', { CN: '#' }],
  ['a level separator', { CN: 'a/b' }],
  ['nothing', { CN: '' }],
  ['no name', {}],
  ['no subject', undefined],
  ['two names', { CN: ['oxi-12', 'vent-2'] }],
  ['a pseudonym', { CN: '_abc' }],
  ['a name of another script', { CN: 'охi-12' }],
  ['a name that goes on', { CN: 'oxi-12\n' }],
])('takes %s for no device', (_name, subject) => {
  expect(judge({ subject })).toBe('certificate-name');
});

it.each<[string, unknown]>([
  ['of another device', 'URI:urn:wardgate:device:vent-2'],
  ['of a consumer', 'URI:urn:wardgate:consumer:oxi-12'],
  ['of a longer id', 'URI:urn:wardgate:device:oxi-123'],
  ['and one more', 'URI:urn:wardgate:device:oxi-12, DNS:oxi-12'],
  ['as a DNS name', 'DNS:urn:wardgate:device:oxi-12'],
  ['that is missing', undefined],
])('refuses an alternative name %s', (_name, subjectaltname) => {
  expect(judge({ subjectaltname })).toBe('certificate-uri');
});

it('refuses a certificate out of its time, which a resumed session would not', () => {
  expect(judge({ valid_to: 'Nov 21 23:59:59 2026 GMT' })).toBe('certificate-expired');
  expect(judge({ valid_from: 'Nov 22 00:00:01 2026 GMT' })).toBe('certificate-expired');
  expect(judge({ valid_to: 'whenever' })).toBe('certificate-expired');
});
