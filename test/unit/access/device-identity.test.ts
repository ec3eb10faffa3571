import { describe, expect, it } from 'vitest';
import { identify, type Peer } from '../../../gateway/access/device-identity.ts';
import { lapseOf } from '../../../gateway/access/lapse.ts';
import type { DeviceId } from '../../../gateway/core/device.ts';
import type { Instant } from '../../../gateway/core/observation.ts';
import { ManualStanding } from '../../support/standing.ts';

const now = Date.UTC(2026, 10, 22) as Instant;
const later = (now + 3_600_000) as Instant;
const good = {
  subject: { CN: 'oxi-12' },
  subjectaltname: 'URI:urn:wardgate:device:oxi-12',
  fingerprint256: 'AB:CD',
  valid_from: 'Nov 21 00:00:00 2026 GMT',
  valid_to: 'Nov 23 00:00:00 2026 GMT',
};
const expired = { valid_to: 'Nov 21 23:59:59 2026 GMT' };

function judge(
  changes: Record<string, unknown>,
  { authorizationError, standing = new ManualStanding() }: Given = {},
) {
  const certificate = { ...good, ...changes } as ReturnType<Peer['getPeerCertificate']>;
  return identify({ authorizationError, getPeerCertificate: () => certificate }, standing, now);
}

interface Given {
  readonly authorizationError?: unknown;
  readonly standing?: ManualStanding;
}

it('reads a device from its certificate', () => {
  expect(judge({})).toEqual({ device: 'oxi-12', fingerprint: 'AB:CD' });
  expect(judge({}, { authorizationError: null })).toEqual({
    device: 'oxi-12',
    fingerprint: 'AB:CD',
  });
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

describe('trusts nobody', () => {
  it.each<[string, Record<string, unknown>, Given, string]>([
    ['without a certificate', { fingerprint256: undefined }, {}, 'certificate-missing'],
    [
      'whose chain OpenSSL refuses',
      {},
      { authorizationError: 'INVALID_PURPOSE' },
      'INVALID_PURPOSE',
    ],
    [
      'whose chain OpenSSL refuses with an error of another shape',
      {},
      { authorizationError: new Error('some fault') },
      'Error: some fault',
    ],
    ['that expired, which a resumed session hides', expired, {}, 'CERT_HAS_EXPIRED'],
    ['before its time', { valid_from: 'Nov 22 00:00:01 2026 GMT' }, {}, 'CERT_NOT_YET_VALID'],
    ['whose end cannot be read', { valid_to: 'whenever' }, {}, 'CERT_HAS_EXPIRED'],
    ['whose beginning cannot be read', { valid_from: 'once' }, {}, 'CERT_NOT_YET_VALID'],
  ])('%s', (_name, changes, given, distrust) => {
    expect(judge(changes, given)).toEqual({ distrust });
  });

  it('that was revoked, whatever OpenSSL says of it', () => {
    const standing = new ManualStanding();
    standing.revoked.add('AB:CD');
    expect(judge({}, { standing })).toEqual({ distrust: 'certificate-revoked' });
    standing.graces.set('AB:CD', later);
    expect(judge(expired, { standing })).toEqual({ distrust: 'certificate-revoked' });
  });
});

describe('a grace', () => {
  const graced = () => {
    const standing = new ManualStanding();
    standing.graces.set('AB:CD', later);
    return standing;
  };

  it('lets in what has expired, and says until when', () => {
    const given = { authorizationError: 'CERT_HAS_EXPIRED', standing: graced() };
    expect(judge(expired, given)).toEqual({
      device: 'oxi-12',
      fingerprint: 'AB:CD',
      graceUntil: later,
    });
    expect(judge(expired, { standing: graced() })).toMatchObject({ graceUntil: later });
  });

  it('is for one certificate, and changes nothing about who that is', () => {
    const given = { authorizationError: 'CERT_HAS_EXPIRED', standing: graced() };
    expect(judge({ ...expired, fingerprint256: 'AB:CE' }, given)).toEqual({
      distrust: 'CERT_HAS_EXPIRED',
    });
    expect(judge({ ...expired, subject: { CN: '+' } }, given)).toBe('certificate-name');
  });

  it('ends', () => {
    const standing = new ManualStanding();
    standing.graces.set('AB:CD', (now - 1) as Instant);
    expect(judge(expired, { standing })).toEqual({ distrust: 'CERT_HAS_EXPIRED' });
  });

  it('does not help a certificate that is in its time and has another fault', () => {
    const given = { authorizationError: 'INVALID_PURPOSE', standing: graced() };
    expect(judge({}, given)).toEqual({ distrust: 'INVALID_PURPOSE' });
  });
});

it('ends a connection whose certificate was revoked or whose grace is over, and no other', () => {
  const standing = new ManualStanding();
  const device = 'oxi-12' as DeviceId;
  const inGrace = { device, fingerprint: 'AB', graceUntil: later };
  expect(lapseOf({ device, fingerprint: 'AB' }, standing, later)).toBeUndefined();
  expect(lapseOf(inGrace, standing, later)).toBeUndefined();
  expect(lapseOf(inGrace, standing, (later + 1) as Instant)).toBe('grace-ended');
  standing.revoked.add('AB');
  expect(lapseOf({ device, fingerprint: 'AB' }, standing, now)).toBe('certificate-revoked');
  expect(lapseOf('certificate-name', standing, now)).toBeUndefined();
});
