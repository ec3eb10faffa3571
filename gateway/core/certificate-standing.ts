import type { Instant } from './observation.ts';

/**
 * What the site has decided about certificates since it issued them. They are named by their
 * SHA-256 in upper-case hexadecimal with colons, as node:tls shows a peer's.
 */
export interface CertificateStanding {
  isRevoked(fingerprint: string): boolean;
  /** Until when a certificate that has expired is still let in. Undefined: it is not. */
  graceUntil(fingerprint: string): Instant | undefined;
  /** Whether the newer one was issued to whoever held the older one, in its place. */
  succeeds(newer: string, older: string): boolean;
}
