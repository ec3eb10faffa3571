import { z } from 'zod';

const keyAlgorithms = ['ecdsa-p256', 'rsa-2048', 'rsa-3072'] as const;
export type KeyAlgorithm = (typeof keyAlgorithms)[number];

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
  /** Kinds of subject alternative names: at least one name, none of another kind; empty: no names. */
  alternativeNames: z.array(z.enum(['dns', 'ip', 'uri'])).default([]),
  /** The one URI is this prefix and the common name. Only where the names are URIs. */
  uriPrefix: z.string().startsWith('urn:').endsWith(':').optional(),
  /** Key algorithms a subscriber may bring. */
  keyAlgorithms: z.array(z.enum(keyAlgorithms)).min(1),
});

export type CertificateProfile = z.output<typeof CertificateProfile>;

export function defineCertificateProfile(
  profile: z.input<typeof CertificateProfile>,
): CertificateProfile {
  return CertificateProfile.parse(profile);
}
