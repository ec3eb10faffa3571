import { createPublicKey, type KeyObject, verify } from 'node:crypto';
import { GatewayError } from '../core/error.ts';
import {
  algorithmOf,
  type Extension,
  identifiers,
  readAlternativeNames,
  readBasicConstraints,
  readExtensions,
  readName,
} from './certificate-fields.ts';
import {
  type DerElement,
  derBytesMax,
  derTags,
  expectDer,
  membersOf,
  objectIdentifier,
  readDer,
  wholeBits,
} from './der.ts';
import type { AlternativeName } from './names.ts';

/** What a certification request (PKCS#10, RFC 2986) asks for. Only its key is ever taken over. */
export interface CertificateRequest {
  readonly publicKey: KeyObject;
  readonly commonNames: readonly string[];
  readonly alternativeNames: readonly AlternativeName[];
  readonly asksForAuthority: boolean;
  /** Checks the signature: whoever made the request holds the private key. */
  isProven(): boolean;
}

/** @throws GatewayError `certificate-refused` when it cannot be read. */
export function readRequest(pem: string): CertificateRequest {
  const [info, algorithm, signature] = membersOf(expectDer(readPem(pem), derTags.sequence));
  const body = expectDer(info, derTags.sequence);
  const [, subject, key, attributes] = membersOf(body);
  const publicKey = readPublicKey(expectDer(key, derTags.sequence));
  const extensions = requestedExtensions(attributes);
  const names = extensions.get(identifiers.subjectAltName);
  const constraints = extensions.get(identifiers.basicConstraints);
  return {
    publicKey,
    commonNames: readName(expectDer(subject, derTags.sequence))
      .filter(({ type }) => type === identifiers.commonName)
      .map(({ value }) => value),
    alternativeNames: names === undefined ? [] : readAlternativeNames(names.value),
    asksForAuthority:
      constraints !== undefined && readBasicConstraints(constraints.value).isAuthority,
    isProven: () => {
      const digest = digests.get(algorithmOf(algorithm));
      return digest !== undefined && verify(digest, body.bytes, publicKey, wholeBits(signature));
    },
  };
}

/** Signature algorithms of RFC 5758 and RFC 4055, SHA-2 only. */
const digests = new Map([
  ['1.2.840.10045.4.3.2', 'sha256'],
  ['1.2.840.10045.4.3.3', 'sha384'],
  ['1.2.840.10045.4.3.4', 'sha512'],
  ['1.2.840.113549.1.1.11', 'sha256'],
  ['1.2.840.113549.1.1.12', 'sha384'],
  ['1.2.840.113549.1.1.13', 'sha512'],
]);

/** RFC 2985 5.4.2. */
const extensionRequest = '1.2.840.113549.1.9.14';

function requestedExtensions(attributes: DerElement | undefined): ReadonlyMap<string, Extension> {
  if (attributes === undefined) return new Map();
  const lists = membersOf(expectDer(attributes, 0xa0))
    .map((attribute) => membersOf(expectDer(attribute, derTags.sequence)))
    .filter(([type]) => objectIdentifier(type) === extensionRequest)
    .flatMap(([, values]) => membersOf(expectDer(values, derTags.set)));
  // Two lists could say two things.
  if (lists.length > 1) throw unreadable('more than one list of extensions');
  return lists[0] === undefined ? new Map() : readExtensions(expectDer(lists[0], derTags.sequence));
}

/** RFC 7468 7; the older label of some devices is read as well. */
function readPem(pem: string): DerElement {
  if (pem.length > 2 * derBytesMax) throw unreadable(`more than ${2 * derBytesMax} characters`);
  const block =
    /^\s*-----BEGIN (NEW )?CERTIFICATE REQUEST-----\r?\n([A-Za-z0-9+/=\r\n]+)-----END \1?CERTIFICATE REQUEST-----\s*$/.exec(
      pem,
    );
  if (block === null) throw unreadable('it is not one PEM block CERTIFICATE REQUEST');
  return readDer(Buffer.from(block[2] ?? '', 'base64'));
}

function readPublicKey(key: DerElement): KeyObject {
  try {
    return createPublicKey({ key: Buffer.from(key.bytes), format: 'der', type: 'spki' });
  } catch (cause) {
    throw new GatewayError('certificate-refused', 'unreadable: no usable public key', { cause });
  }
}

function unreadable(detail: string): GatewayError {
  return new GatewayError('certificate-refused', `unreadable: ${detail}`);
}
