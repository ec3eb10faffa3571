import { createHash, randomBytes } from 'node:crypto';

/** A device that was registered today can enrol until tomorrow. */
export const tokenLifeMs = 86_400_000;
const tokenBytes = 24;

/** A one-time enrolment token and what is kept of it: its SHA-256. */
export function createEnrolmentToken(): { readonly token: string; readonly hash: string } {
  const token = randomBytes(tokenBytes).toString('base64url');
  return { token, hash: createHash('sha256').update(token).digest('base64url') };
}
