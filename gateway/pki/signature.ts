import { type KeyObject, sign } from 'node:crypto';
import { bits, identifier, sequence } from './der-writer.ts';

/** ECDSA with SHA-256 (RFC 5758 3.2): what every authority of ours signs with. */
export const ecdsaWithSha256 = '1.2.840.10045.4.3.2';

/** An AlgorithmIdentifier; ECDSA has no parameters, not even NULL (RFC 5758 3.2). */
export function signatureAlgorithm(): Buffer {
  return sequence(identifier(ecdsaWithSha256));
}

/** The shape that certificates, requests and revocation lists share: body, algorithm, signature. */
export function signed(body: Uint8Array, privateKey: KeyObject): Buffer {
  return sequence(body, signatureAlgorithm(), bits(sign('sha256', body, privateKey)));
}

/** RFC 7468 2. */
export function toPem(label: string, bytes: Uint8Array): string {
  const lines =
    Buffer.from(bytes)
      .toString('base64')
      .match(/.{1,64}/g) ?? [];
  return `-----BEGIN ${label}-----\n${lines.join('\n')}\n-----END ${label}-----\n`;
}
