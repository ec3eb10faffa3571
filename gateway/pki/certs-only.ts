import { X509Certificate } from 'node:crypto';
import { certificatesOf } from './chain.ts';
import { der, explicit, identifier, integer, sequence } from './der-writer.ts';

/**
 * A message that holds certificates and nothing else, as EST answers with: a degenerate SignedData
 * without a signer (RFC 7030 4.1.3, RFC 5652 5.1).
 *
 * @param pem any number of certificates, the subscriber's own first.
 */
export function toCertsOnly(pem: string): Buffer {
  const certificates = certificatesOf(pem).map((block) => new X509Certificate(block).raw);
  const content = sequence(
    integer(1),
    der(0x31),
    sequence(identifier(data)),
    explicit(0, ...certificates),
    der(0x31),
  );
  return sequence(identifier(signedData), explicit(0, content));
}

const data = '1.2.840.113549.1.7.1';
const signedData = '1.2.840.113549.1.7.2';
