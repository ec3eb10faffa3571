import type { KeyObject, X509Certificate } from 'node:crypto';
import { type RevocationReason, revocationReasons } from '../core/revocation.ts';
import { identifiers, readCertificate } from './certificate-fields.ts';
import { der, enumerated, explicit, extension, integer, sequence, time } from './der-writer.ts';
import { keyIdentifier } from './keys.ts';
import { signatureAlgorithm, signed, toPem } from './signature.ts';

export interface Revoked {
  /** Hexadecimal. */
  readonly serialNumber: string;
  /** Milliseconds since the epoch. */
  readonly at: number;
  readonly reason: RevocationReason;
}

export interface RevocationListOrder {
  readonly revoked: readonly Revoked[];
  /** Rises with every list of this authority (RFC 5280 5.2.3). */
  readonly number: number;
  /** Milliseconds since the epoch. */
  readonly thisUpdate: number;
  readonly nextUpdate: number;
}

/** RFC 5280 5.2.3. */
const listNumber = '2.5.29.20';
/** RFC 5280 5.3.1. */
const reasonCode = '2.5.29.21';

/** A certificate revocation list, version 2 (RFC 5280 5), as PEM. */
export function makeRevocationList(
  { revoked, number, thisUpdate, nextUpdate }: RevocationListOrder,
  issuer: X509Certificate,
  privateKey: KeyObject,
): string {
  const { subject, publicKey } = readCertificate(issuer.raw);
  const authorityKey = sequence(der(0x80, Buffer.from(keyIdentifier(publicKey), 'hex')));
  const extensions = sequence(
    extension(identifiers.authorityKeyIdentifier, authorityKey),
    extension(listNumber, integer(number)),
  );
  const body = sequence(
    integer(1),
    signatureAlgorithm(),
    subject,
    time(thisUpdate),
    time(nextUpdate),
    // RFC 5280 5.1.2.6: an empty list is left out.
    ...(revoked.length > 0 ? [sequence(...revoked.map(entry))] : []),
    explicit(0, extensions),
  );
  return toPem('X509 CRL', signed(body, privateKey));
}

/** RFC 5280 5.3.1: an unspecified reason is left out. */
function entry({ serialNumber, at, reason }: Revoked): Buffer {
  const code = revocationReasons[reason];
  const why = code === 0 ? [] : [sequence(extension(reasonCode, enumerated(code)))];
  return sequence(integer(BigInt(`0x${serialNumber}`)), time(at), ...why);
}
