import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import type { EnrolmentToken } from '../store/devices.ts';

/** A device that was registered today can enrol until tomorrow. */
const tokenLifeMs = 86_400_000;
const tokenBytes = 24;

/** A one-time enrolment token, and what is kept of it. */
export function createEnrolmentToken(now: number): EnrolmentToken & { readonly token: string } {
  const token = randomBytes(tokenBytes).toString('base64url');
  return { token, hash: hashOf(token), expiresAt: now + tokenLifeMs };
}

/** Compares in constant time, also where there is nothing to compare with. */
export function isGoodToken(token: string, kept: EnrolmentToken | undefined, now: number): boolean {
  const given = Buffer.from(hashOf(token));
  const wanted = Buffer.from(kept?.hash ?? '');
  const isSame = wanted.length === given.length && timingSafeEqual(given, wanted);
  return isSame && kept !== undefined && now < kept.expiresAt;
}

function hashOf(token: string): string {
  return createHash('sha256').update(token).digest('base64url');
}
