import { createHmac, timingSafeEqual } from 'node:crypto';

/** Time-based one-time passwords (RFC 6238), as every authenticator app does them. */

/** RFC 4226 R6 asks for 128 bit and recommends 160. */
export const totpSecretBytes = 20;
const stepMs = 30_000;
const digits = 6;
/** Steps before and after now that are looked at: a telephone’s clock (RFC 6238 5.2). */
const windowSteps = 1;

/** RFC 4226 5.3: the HMAC’s last four bits say which 31 bit become the code. */
export function hotp(secret: Uint8Array, counter: number, length = digits, hash = 'sha1'): string {
  const message = Buffer.alloc(8);
  message.writeBigUInt64BE(BigInt(counter));
  const digest = createHmac(hash, secret).update(message).digest();
  const offset = digest.readUInt8(digest.length - 1) & 0x0f;
  const number = digest.readUInt32BE(offset) & 0x7fffffff;
  return String(number % 10 ** length).padStart(length, '0');
}

/** Which step a time is in. */
export function totpStep(at: number): number {
  return Math.floor(at / stepMs);
}

/**
 * The step a code is good for, or undefined. A code is good once (RFC 6238 5.2): steps up to
 * `lastStep` are used up. Takes the same time whichever step fits.
 */
export function totpStepOf(
  secret: Uint8Array,
  code: string,
  at: number,
  lastStep: number,
): number | undefined {
  const given = Buffer.from(code.padEnd(digits).slice(0, digits));
  if (!/^\d{6}$/.test(code)) return undefined;
  let found: number | undefined;
  for (let step = totpStep(at) - windowSteps; step <= totpStep(at) + windowSteps; step += 1) {
    const isSame = timingSafeEqual(Buffer.from(hotp(secret, step)), given);
    if (isSame && step > lastStep) found ??= step;
  }
  return found;
}

/** What an authenticator app reads, by hand or as a QR code (Google’s Key URI format). */
export function otpauthUri(secret: Uint8Array, user: string, site: string): string {
  const issuer = `wardgate ${site}`;
  const label = `${encodeURIComponent(issuer)}:${encodeURIComponent(user)}`;
  const settings = new URLSearchParams({ secret: toBase32(secret), issuer });
  // Some apps read a plus sign as one.
  return `otpauth://totp/${label}?${settings.toString().replaceAll('+', '%20')}`;
}

/** RFC 4648 6, without padding. */
export function toBase32(bytes: Uint8Array): string {
  const bits = [...bytes].map((byte) => byte.toString(2).padStart(8, '0')).join('');
  const groups = bits.match(/.{1,5}/g) ?? [];
  return groups.map((group) => base32[Number.parseInt(group.padEnd(5, '0'), 2)]).join('');
}

const base32 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';
