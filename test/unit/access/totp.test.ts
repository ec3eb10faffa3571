import { describe, expect, it } from 'vitest';
import { hotp, otpauthUri, toBase32, totpStep, totpStepOf } from '../../../gateway/access/totp.ts';

const seed = '12345678901234567890';

describe('the code', () => {
  // RFC 4226, appendix D.
  it.each([
    '755224',
    '287082',
    '359152',
    '969429',
    '338314',
    '254676',
    '287922',
    '162583',
    '399871',
    '520489',
  ])('is that of RFC 4226: %s', (code) => {
    const codes = Array.from({ length: 10 }, (_, counter) => hotp(Buffer.from(seed), counter));
    expect(codes).toContain(code);
  });

  // RFC 6238, appendix B: seconds, then eight digits for SHA-1, SHA-256, SHA-512.
  it.each([
    [59, '94287082', '46119246', '90693936'],
    [1_111_111_109, '07081804', '68084774', '25091201'],
    [1_111_111_111, '14050471', '67062674', '99943326'],
    [1_234_567_890, '89005924', '91819424', '93441116'],
    [2_000_000_000, '69279037', '90698825', '38618901'],
    [20_000_000_000, '65353130', '77737706', '47863826'],
  ])('is that of RFC 6238 at %d s', (seconds, sha1, sha256, sha512) => {
    const step = totpStep(seconds * 1_000);
    const key = (length: number) => Buffer.from(seed.repeat(4).slice(0, length));
    expect(hotp(key(20), step, 8)).toBe(sha1);
    expect(hotp(key(32), step, 8, 'sha256')).toBe(sha256);
    expect(hotp(key(64), step, 8, 'sha512')).toBe(sha512);
  });
});

describe('a code that somebody gives', () => {
  const secret = Buffer.from(seed);
  const now = 1_700_000_010_000;
  const code = (steps: number) => hotp(secret, totpStep(now) + steps);

  it('is good for this step and its neighbours, and no further', () => {
    const steps = [-2, -1, 0, 1, 2].map((each) => totpStepOf(secret, code(each), now, 0));
    const step = totpStep(now);
    expect(steps).toEqual([undefined, step - 1, step, step + 1, undefined]);
  });

  it('is good once: neither it nor an earlier one is taken again', () => {
    expect(totpStepOf(secret, code(0), now, totpStep(now))).toBeUndefined();
    expect(totpStepOf(secret, code(-1), now, totpStep(now))).toBeUndefined();
    expect(totpStepOf(secret, code(1), now, totpStep(now))).toBe(totpStep(now) + 1);
  });

  it.each(['', '12345', '1234567', '12345a', ' 23456', '１２３４５６', `${code(0)} `])(
    'is six digits and nothing else: %j',
    (text) => {
      expect(totpStepOf(secret, text, now, 0)).toBeUndefined();
    },
  );
});

it('base32 is that of RFC 4648, without padding', () => {
  const words = ['', 'f', 'fo', 'foo', 'foob', 'fooba', 'foobar'];
  const expected = ['', 'MY', 'MZXQ', 'MZXW6', 'MZXW6YQ', 'MZXW6YTB', 'MZXW6YTBOI'];
  expect(words.map((word) => toBase32(Buffer.from(word)))).toEqual(expected);
});

it('an authenticator app reads the secret, whose it is and where', () => {
  const uri = new URL(otpauthUri(Buffer.from(seed), 'a.b', 'ward-3b'));
  expect(uri.protocol).toBe('otpauth:');
  expect(uri.host).toBe('totp');
  expect(decodeURIComponent(uri.pathname)).toBe('/wardgate ward-3b:a.b');
  expect(uri.searchParams.get('secret')).toBe('GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ');
  expect(uri.searchParams.get('issuer')).toBe('wardgate ward-3b');
});
