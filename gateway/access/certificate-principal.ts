import type { CertificateStanding } from '../core/certificate-standing.ts';
import type { Instant } from '../core/observation.ts';
import type { Principal, Role } from '../core/principal.ts';
import { type Distrust, identify, type Peer } from './device-identity.ts';

/** The kinds of certificates that name somebody, by the word in their URI, and the role of each. */
const kinds = {
  device: 'device',
  consumer: 'consumer',
  operator: 'machine',
  flow: 'flow',
} as const satisfies Record<string, Role>;

/**
 * Who a certificate names, if it holds: its common name is the id, its only alternative name the URI
 * of its kind and that id. Undefined for one that holds and names nobody,
 * such as a server's.
 */
export function principalOfCertificate(
  peer: Peer,
  standing: CertificateStanding,
  now: Instant,
): Principal | Distrust | undefined {
  for (const [kind, role] of Object.entries(kinds)) {
    const verdict = identify(peer, standing, now, kind);
    if (typeof verdict === 'string') continue;
    if ('distrust' in verdict) return verdict;
    return { id: verdict.device, role, by: 'certificate', certificate: verdict.fingerprint };
  }
  return undefined;
}
