import type { CertificateStanding } from '../core/certificate-standing.ts';
import type { Instant } from '../core/observation.ts';
import type { DeviceIdentity, IdentityRefusal } from './device-identity.ts';

/**
 * Why whoever was let in before may not stay. A certificate that expires during its connection is
 * no reason: an alarm must not be lost to a date, and the next handshake asks again.
 */
export function lapseOf(
  identity: DeviceIdentity | IdentityRefusal,
  standing: CertificateStanding,
  now: Instant,
): 'certificate-revoked' | 'grace-ended' | undefined {
  if (typeof identity === 'string') return undefined;
  if (standing.isRevoked(identity.fingerprint)) return 'certificate-revoked';
  const { graceUntil } = identity;
  return graceUntil !== undefined && now > graceUntil ? 'grace-ended' : undefined;
}
