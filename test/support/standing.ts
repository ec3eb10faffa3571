import type { CertificateStanding } from '../../gateway/core/certificate-standing.ts';
import type { Instant } from '../../gateway/core/observation.ts';

/** Decisions of a site that a test changes as it goes; none has been made at first. */
export class ManualStanding implements CertificateStanding {
  readonly revoked = new Set<string>();
  readonly graces = new Map<string, Instant>();
  /** Newer and older certificate. */
  readonly replacements = new Map<string, string>();

  isRevoked(fingerprint: string): boolean {
    return this.revoked.has(fingerprint);
  }

  graceUntil(fingerprint: string): Instant | undefined {
    return this.graces.get(fingerprint);
  }

  succeeds(newer: string, older: string): boolean {
    return this.replacements.get(newer) === older;
  }
}
