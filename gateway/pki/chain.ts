import type { X509Certificate } from 'node:crypto';
import { GatewayError } from '../core/error.ts';

/** The most certificates of one file. */
const certificatesMax = 16;

/**
 * The certificates of a PEM file, each as a block of its own.
 *
 * @throws GatewayError `certificate-refused` for more than a chain can have.
 */
export function certificatesOf(pem: string): readonly string[] {
  const blocks =
    pem.match(/-----BEGIN CERTIFICATE-----[A-Za-z0-9+/=\s]+-----END CERTIFICATE-----/g) ?? [];
  if (blocks.length > certificatesMax)
    throw new GatewayError('certificate-refused', `more than ${certificatesMax} certificates`);
  return blocks.map((block) => `${block}\n`);
}

export function isIssuedBy(certificate: X509Certificate, issuer: X509Certificate): boolean {
  return certificate.checkIssued(issuer) && certificate.verify(issuer.publicKey);
}
