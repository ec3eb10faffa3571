import { createHash, type KeyObject, type X509Certificate } from 'node:crypto';
import { GatewayError } from '../core/error.ts';
import { type RevocationReason, revocationReasons } from '../core/revocation.ts';
import { algorithmOf, readCertificate, readExtensions } from './certificate-fields.ts';
import { type DerElement, derTags, expectDer, membersOf, readDer, wholeBits } from './der.ts';
import {
  der,
  enumerated,
  explicit,
  extension,
  generalizedTime,
  identifier,
  octets,
  sequence,
} from './der-writer.ts';
import { signed } from './signature.ts';

/** What an OCSP responder knows of one certificate (RFC 6960 2.2). */
export type CertificateStatus =
  | { readonly kind: 'good' | 'unknown' }
  | { readonly kind: 'revoked'; readonly at: number; readonly reason: RevocationReason };

/** The certificates a request asks about, and what has to be in its answer. */
export interface OcspQuestion {
  readonly certificates: readonly AskedCertificate[];
  /** Echoed, so that an old answer is not taken for a new one (RFC 9654). */
  readonly nonce: Uint8Array | undefined;
}

interface AskedCertificate {
  /** CertID as it came (RFC 6960 4.1.1). */
  readonly id: Uint8Array;
  /** Upper-case hexadecimal; undefined for a certificate of another issuer. */
  readonly serialNumber: string | undefined;
}

/** Certificates of one request. */
const certificatesMax = 16;
/** RFC 9654 2.1. */
const nonceBytesMax = 128;

const ids = {
  basicResponse: '1.3.6.1.5.5.7.48.1.1',
  nonce: '1.3.6.1.5.5.7.48.1.2',
} as const;

/** RFC 6960 4.1.1 asks by SHA-1 most often; it only picks the issuer here, and protects nothing. */
const hashes = new Map([
  ['1.3.14.3.2.26', 'sha1'],
  ['2.16.840.1.101.3.4.2.1', 'sha256'],
]);

/** @throws GatewayError `certificate-refused` when it is no request. */
export function readOcspRequest(bytes: Uint8Array, issuer: X509Certificate): OcspQuestion {
  const [body] = membersOf(expectDer(readDer(bytes), derTags.sequence));
  const parts = membersOf(expectDer(body, derTags.sequence));
  const list = parts.find(({ tag }) => tag === derTags.sequence);
  const asked = membersOf(expectDer(list, derTags.sequence));
  if (asked.length === 0 || asked.length > certificatesMax) {
    throw new GatewayError('certificate-refused', `unreadable: 1 to ${certificatesMax} requests`);
  }
  const [extensions] = parts.filter(({ tag }) => tag === 0xa2).flatMap(membersOf);
  return {
    certificates: asked.map((request) => {
      const [id] = membersOf(expectDer(request, derTags.sequence));
      return askedCertificate(expectDer(id, derTags.sequence), issuer);
    }),
    nonce: nonceOf(extensions),
  };
}

function askedCertificate(id: DerElement, issuer: X509Certificate): AskedCertificate {
  const [algorithm, nameHash, keyHash, serialNumber] = membersOf(id);
  const hash = hashes.get(algorithmOf(algorithm));
  const { subject, publicKey } = readCertificate(issuer.raw);
  const isOurs =
    hash !== undefined &&
    same(expectDer(nameHash, derTags.octetString).content, digest(hash, subject)) &&
    same(expectDer(keyHash, derTags.octetString).content, digest(hash, keyBits(publicKey)));
  const { content } = expectDer(serialNumber, derTags.integer);
  const hex = Buffer.from(content).toString('hex').toUpperCase();
  return { id: id.bytes, serialNumber: isOurs ? hex.replace(/^00/, '') : undefined };
}

function nonceOf(extensions: DerElement | undefined): Uint8Array | undefined {
  if (extensions === undefined) return undefined;
  const list = expectDer(extensions, derTags.sequence);
  const nonce = readExtensions(list).get(ids.nonce)?.value;
  if (nonce === undefined) return undefined;
  const { content } = expectDer(nonce, derTags.octetString);
  return content.length <= nonceBytesMax ? nonce.bytes : undefined;
}

/** RFC 6960 4.2.1, signed by the authority itself. `status` has one entry a certificate asked about. */
export function makeOcspResponse(
  { certificates, nonce }: OcspQuestion,
  status: readonly CertificateStatus[],
  { thisUpdate, nextUpdate }: { readonly thisUpdate: number; readonly nextUpdate: number },
  issuer: X509Certificate,
  privateKey: KeyObject,
): Buffer {
  const { publicKey } = readCertificate(issuer.raw);
  const responses = certificates.map(({ id }, index) =>
    sequence(
      id,
      statusElement(status[index] ?? { kind: 'unknown' }),
      generalizedTime(thisUpdate),
      explicit(0, generalizedTime(nextUpdate)),
    ),
  );
  const body = sequence(
    // RFC 6960 4.2.1, KeyHash: SHA-1 of the key's bits, whatever else is used.
    explicit(2, octets(digest('sha1', keyBits(publicKey)))),
    generalizedTime(thisUpdate),
    sequence(...responses),
    ...(nonce === undefined ? [] : [explicit(1, sequence(extension(ids.nonce, nonce)))]),
  );
  const basic = signed(body, privateKey);
  return sequence(
    enumerated(0),
    explicit(0, sequence(identifier(ids.basicResponse), octets(basic))),
  );
}

/** RFC 6960 4.2.1, malformedRequest: the one answer that is not signed. */
export function malformedOcspRequest(): Buffer {
  return sequence(enumerated(1));
}

function statusElement(status: CertificateStatus): Buffer {
  switch (status.kind) {
    case 'good':
      return der(0x80);
    case 'unknown':
      return der(0x82);
    case 'revoked': {
      const code = revocationReasons[status.reason];
      const reason = code === 0 ? [] : [explicit(0, enumerated(code))];
      return der(0xa1, generalizedTime(status.at), ...reason);
    }
  }
}

function keyBits(publicKey: Uint8Array): Uint8Array {
  return wholeBits(membersOf(expectDer(readDer(publicKey), derTags.sequence))[1]);
}

function digest(hash: string, bytes: Uint8Array): Buffer {
  return createHash(hash).update(bytes).digest();
}

function same(left: Uint8Array, right: Uint8Array): boolean {
  return Buffer.compare(left, right) === 0;
}
