import type { PeerCertificate } from 'node:tls';
import type { Instant } from '../core/observation.ts';
import type { Principal, Role } from '../core/principal.ts';
import { identify } from './device-identity.ts';

/** The kinds of certificates that name somebody, by the word in their URI, and the role of each. */
const kinds = {
  device: 'device',
  consumer: 'consumer',
  operator: 'machine',
  flow: 'flow',
} as const satisfies Record<string, Role>;

/**
 * Who a certificate names that TLS has already verified: its common name is the id, its only
 * alternative name the URI of its kind and that id. Undefined for any other, such as a server's.
 */
export function principalOfCertificate(
  certificate: PeerCertificate,
  now: Instant,
): Principal | undefined {
  for (const [kind, role] of Object.entries(kinds)) {
    const identity = identify(certificate, now, kind);
    if (typeof identity !== 'string') return { id: identity.device, role, by: 'certificate' };
  }
  return undefined;
}
