import { type KeyObject, sign, verify } from 'node:crypto';
import { z } from 'zod';

/** The longest a site may let an expired certificate in. */
export const graceDaysMax = 30;
/** Of the reason a person gives. */
export const graceReasonCharsMax = 200;

/** What a grace says: this very certificate, although it has expired, until then. */
const GraceClaims = z.strictObject({
  /** SHA-256 of the certificate in upper-case hexadecimal with colons. */
  fingerprint: z.string().regex(/^[0-9A-F]{2}(?::[0-9A-F]{2}){31}$/),
  device: z.string().min(1).max(64),
  /** Milliseconds since the epoch. */
  givenAt: z.int().nonnegative(),
  until: z.int().nonnegative(),
  reason: z.string().min(1).max(graceReasonCharsMax),
});

export type GraceClaims = z.output<typeof GraceClaims>;

export interface SignedGrace {
  readonly statement: string;
  /** ECDSA with SHA-256, base64. */
  readonly signature: string;
}

export function signGrace(claims: GraceClaims, privateKey: KeyObject): SignedGrace {
  const statement = JSON.stringify(GraceClaims.parse(claims));
  const signature = sign('sha256', signedBytes(statement), privateKey).toString('base64');
  return { statement, signature };
}

/**
 * The claims, when an authority's key has signed them and they keep to the longest time. Anything
 * else is no grace.
 */
export function readGrace(
  { statement, signature }: SignedGrace,
  authorities: readonly KeyObject[],
): GraceClaims | undefined {
  const bytes = Buffer.from(signature, 'base64');
  const isSigned = authorities.some((key) => verify('sha256', signedBytes(statement), key, bytes));
  if (!isSigned) return undefined;
  const claims = GraceClaims.parse(JSON.parse(statement));
  return claims.until - claims.givenAt <= graceDaysMax * 86_400_000 ? claims : undefined;
}

/** No certificate, list or answer starts like this: what is signed as one cannot pass as another. */
function signedBytes(statement: string): Buffer {
  return Buffer.from(`wardgate grace 1\n${statement}`);
}
