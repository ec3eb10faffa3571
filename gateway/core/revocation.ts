/** Why a certificate is revoked, as people say it, and its number (RFC 5280 5.3.1, CRLReason). */
export const revocationReasons = {
  unspecified: 0,
  'key-compromise': 1,
  'affiliation-changed': 3,
  superseded: 4,
  'cessation-of-operation': 5,
} as const satisfies Record<string, number>;

export type RevocationReason = keyof typeof revocationReasons;
