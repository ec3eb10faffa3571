import { GatewayError } from '../core/error.ts';
import {
  type DerElement,
  derTags,
  expectDer,
  membersOf,
  objectIdentifier,
  readDer,
} from './der.ts';
import { type AlternativeName, plainAddress } from './names.ts';

/** What a certificate says (RFC 5280 4.1), read from its bytes. */
export interface CertificateFields {
  /** The to-be-signed part, as signed. */
  readonly toBeSigned: Uint8Array;
  readonly version: number;
  /** Content octets of the INTEGER, most significant first. */
  readonly serialNumber: Uint8Array;
  readonly signatureAlgorithms: readonly [inner: string, outer: string];
  readonly issuer: Uint8Array;
  readonly subject: Uint8Array;
  readonly subjectAttributes: readonly NameAttribute[];
  readonly publicKey: Uint8Array;
  readonly extensions: ReadonlyMap<string, Extension>;
}

export interface NameAttribute {
  readonly type: string;
  readonly value: string;
}

export interface Extension {
  readonly isCritical: boolean;
  readonly value: DerElement;
}

/** Object identifiers of the extensions we know (RFC 5280 4.2.1) and of the common name. */
export const identifiers = {
  commonName: '2.5.4.3',
  subjectKeyIdentifier: '2.5.29.14',
  keyUsage: '2.5.29.15',
  subjectAltName: '2.5.29.17',
  basicConstraints: '2.5.29.19',
  authorityKeyIdentifier: '2.5.29.35',
  extendedKeyUsage: '2.5.29.37',
} as const;

export function readCertificate(bytes: Uint8Array): CertificateFields {
  const [toBeSigned, outer] = membersOf(expectDer(readDer(bytes), derTags.sequence));
  const body = membersOf(expectDer(toBeSigned, derTags.sequence));
  const [version, serialNumber, inner, issuer, , subject, publicKey, extensions] = body;
  const name = expectDer(subject, derTags.sequence);
  const [number] = membersOf(expectDer(version, 0xa0));
  const [list] = membersOf(expectDer(extensions, 0xa3));
  return {
    toBeSigned: expectDer(toBeSigned, derTags.sequence).bytes,
    version: 1 + (expectDer(number, derTags.integer).content[0] ?? 0),
    serialNumber: expectDer(serialNumber, derTags.integer).content,
    signatureAlgorithms: [algorithmOf(inner), algorithmOf(outer)],
    issuer: expectDer(issuer, derTags.sequence).bytes,
    subject: name.bytes,
    subjectAttributes: readName(name),
    publicKey: expectDer(publicKey, derTags.sequence).bytes,
    extensions: readExtensions(expectDer(list, derTags.sequence)),
  };
}

/** The object identifier of an AlgorithmIdentifier (RFC 5280 4.1.1.2). */
export function algorithmOf(element: DerElement | undefined): string {
  return objectIdentifier(membersOf(expectDer(element, derTags.sequence))[0]);
}

/** Every attribute of a distinguished name. A text type we do not read makes it unreadable. */
export function readName(name: DerElement): readonly NameAttribute[] {
  return membersOf(name).flatMap((set) =>
    membersOf(expectDer(set, derTags.set)).map((attribute) => {
      const [type, value] = membersOf(expectDer(attribute, derTags.sequence));
      return { type: objectIdentifier(type), value: text(value) };
    }),
  );
}

export function readExtensions(list: DerElement): ReadonlyMap<string, Extension> {
  const extensions = new Map<string, Extension>();
  for (const member of membersOf(list)) {
    const parts = membersOf(expectDer(member, derTags.sequence));
    const id = objectIdentifier(parts[0]);
    const isCritical = parts[1]?.tag === derTags.boolean && parts[1].content[0] === 0xff;
    const value = expectDer(parts[parts.length > 2 ? 2 : 1], derTags.octetString);
    // RFC 5280 4.2: more than one instance of an extension is not allowed.
    if (extensions.has(id)) throw unreadable(`extension ${id} stands there twice`);
    extensions.set(id, { isCritical, value: readDer(value.content) });
  }
  return extensions;
}

/** GeneralNames (RFC 5280 4.2.1.6); a kind we never issue makes the whole unreadable. */
export function readAlternativeNames(value: DerElement): readonly AlternativeName[] {
  return membersOf(expectDer(value, derTags.sequence)).map(({ tag, content }) => {
    switch (tag) {
      case 0x82:
        return { kind: 'dns', value: ascii(content) };
      case 0x86:
        return { kind: 'uri', value: ascii(content) };
      case 0x87:
        return { kind: 'ip', value: address(content) };
      default:
        throw unreadable(`an alternative name of tag ${tag}`);
    }
  });
}

/** RFC 5280 4.2.1.9. */
export function readBasicConstraints(value: DerElement): {
  readonly isAuthority: boolean;
  readonly pathLength: number | undefined;
} {
  const members = membersOf(expectDer(value, derTags.sequence));
  const pathLength = members.find(({ tag }) => tag === derTags.integer)?.content;
  return {
    isAuthority: members[0]?.tag === derTags.boolean && members[0].content[0] === 0xff,
    pathLength: pathLength?.reduce((sum, octet) => sum * 256 + octet, 0),
  };
}

/** RFC 5280 4.2.1.3, bit 0 first; names of the bits that are set. */
export function readKeyUsages(value: DerElement): readonly string[] {
  const [, ...octets] = expectDer(value, derTags.bitString).content;
  return keyUsageBits.filter((_, bit) => ((octets[bit >> 3] ?? 0) & (0x80 >> (bit & 7))) !== 0);
}

/** RFC 5280 4.2.1.12, as object identifiers. */
export function readExtendedKeyUsages(value: DerElement): readonly string[] {
  return membersOf(expectDer(value, derTags.sequence)).map(objectIdentifier);
}

/** RFC 5280 4.2.1.1 and 4.2.1.2: both as hexadecimal. */
export function readKeyIdentifier(value: DerElement | undefined): string | undefined {
  const octets = value?.tag === derTags.sequence ? membersOf(value)[0] : value;
  return octets && Buffer.from(octets.content).toString('hex');
}

const keyUsageBits = [
  'digitalSignature',
  'nonRepudiation',
  'keyEncipherment',
  'dataEncipherment',
  'keyAgreement',
  'keyCertSign',
  'cRLSign',
  'encipherOnly',
  'decipherOnly',
] as const;

function text(element: DerElement | undefined): string {
  switch (element?.tag) {
    case derTags.utf8String:
    case derTags.printableString:
    case derTags.ia5String:
      return Buffer.from(element.content).toString('utf8');
    default:
      throw unreadable('a name that is not UTF8String, PrintableString or IA5String');
  }
}

function ascii(octets: Uint8Array): string {
  return Buffer.from(octets).toString('latin1');
}

function address(octets: Uint8Array): string {
  if (octets.length === 4) return octets.join('.');
  if (octets.length !== 16) throw unreadable(`an address of ${octets.length} octets`);
  const groups = Buffer.from(octets).toString('hex').match(/.{4}/g) ?? [];
  return plainAddress(groups.join(':'));
}

function unreadable(detail: string): GatewayError {
  return new GatewayError('certificate-refused', `unreadable: ${detail}`);
}
