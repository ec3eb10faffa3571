import { z } from 'zod';

/** What a kind of certificate looks like. Pure data; issuing, linting and tests read the same words. */
export const CertificateProfile = z.strictObject({
  id: z.string().regex(/^[a-z-]+$/),
  /** The whole subject: its common name, from the name asked for. */
  isAuthority: z.boolean().default(false),
  /** Sub-authorities allowed below it (RFC 5280 4.2.1.9). Only for an authority. */
  pathLength: z.int().min(0).max(2).optional(),
  validityDays: z.int().positive().max(7_300),
  keyUsages: z
    .array(z.enum(['digitalSignature', 'keyEncipherment', 'keyCertSign', 'cRLSign']))
    .min(1),
  /** Extended key usages (RFC 5280 4.2.1.12). */
  extendedKeyUsages: z.array(z.enum(['serverAuth', 'clientAuth'])).default([]),
  /** Which subject alternative names it must carry, and no others. */
  alternativeNames: z.array(z.enum(['dns', 'ip', 'uri'])).default([]),
  /** Key algorithms a subscriber may bring. */
  keyAlgorithms: z.array(z.enum(['ecdsa-p256', 'rsa-2048', 'rsa-3072'])).min(1),
});

export type CertificateProfile = z.output<typeof CertificateProfile>;

export function defineCertificateProfile(
  profile: z.input<typeof CertificateProfile>,
): CertificateProfile {
  return CertificateProfile.parse(profile);
}
