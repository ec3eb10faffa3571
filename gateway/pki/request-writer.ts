import { createPublicKey, type KeyObject } from 'node:crypto';
import { identifiers } from './certificate-fields.ts';
import { derTags } from './der.ts';
import { der, explicit, extension, identifier, integer, octets, sequence } from './der-writer.ts';
import { keyIdentifier, publicKeyBytes } from './keys.ts';
import { signed, toPem } from './signature.ts';

/** RFC 2985 5.4.2. */
const extensionRequest = '1.2.840.113549.1.9.14';
/** keyCertSign and cRLSign, bits 5 and 6 (RFC 5280 4.2.1.3); the last bit is not used. */
const signingUsages = der(derTags.bitString, Buffer.of(1, 0x06));

/**
 * A request (PKCS#10, RFC 2986) to become an authority with one more level below it, as PEM.
 *
 * @param subject a distinguished name as DER.
 */
export function makeAuthorityRequest(subject: Uint8Array, privateKey: KeyObject): string {
  const publicKey = publicKeyBytes(createPublicKey(privateKey));
  const authority = sequence(der(derTags.boolean, Buffer.of(0xff)), integer(1));
  const extensions = sequence(
    // What it issued names it by this; another identifier, and no client finds the way up.
    extension(
      identifiers.subjectKeyIdentifier,
      octets(Buffer.from(keyIdentifier(publicKey), 'hex')),
    ),
    extension(identifiers.basicConstraints, authority, { isCritical: true }),
    extension(identifiers.keyUsage, signingUsages, { isCritical: true }),
  );
  const body = sequence(
    integer(0),
    subject,
    publicKey,
    explicit(0, sequence(identifier(extensionRequest), der(derTags.set, extensions))),
  );
  return toPem('CERTIFICATE REQUEST', signed(body, privateKey));
}
