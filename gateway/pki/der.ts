import { GatewayError } from '../core/error.ts';

/** The most bytes a certificate, a request or a key may have as DER. */
export const derBytesMax = 16_384;
/** The most members one SEQUENCE or SET may have. */
const membersMax = 64;

/** One DER element (ITU-T X.690): what it is, what it holds, and all its bytes. */
export interface DerElement {
  readonly tag: number;
  readonly content: Uint8Array;
  readonly bytes: Uint8Array;
}

/** Tags of the universal class, with the constructed bit where X.509 uses it. */
export const derTags = {
  boolean: 0x01,
  integer: 0x02,
  bitString: 0x03,
  octetString: 0x04,
  objectIdentifier: 0x06,
  utf8String: 0x0c,
  printableString: 0x13,
  ia5String: 0x16,
  sequence: 0x30,
  set: 0x31,
} as const;

/**
 * Reads bytes that are one DER element and nothing else. A second reader beside the library that
 * writes certificates, so that the lint does not believe what the writer believes.
 *
 * @throws GatewayError `certificate-refused` when they are not.
 */
export function readDer(bytes: Uint8Array): DerElement {
  if (bytes.length > derBytesMax) throw unreadable(`more than ${derBytesMax} bytes`);
  const element = readElement(bytes);
  if (element.bytes.length !== bytes.length) throw unreadable('bytes after the end');
  return element;
}

/** The members of a SEQUENCE, a SET or any constructed element, in their order. */
export function membersOf(element: DerElement): readonly DerElement[] {
  const members: DerElement[] = [];
  let rest = element.content;
  while (rest.length > 0) {
    if (members.length === membersMax) throw unreadable(`more than ${membersMax} members`);
    const member = readElement(rest);
    members.push(member);
    rest = rest.subarray(member.bytes.length);
  }
  return members;
}

/** The element, when it is there and of that tag. */
export function expectDer(element: DerElement | undefined, tag: number): DerElement {
  if (element === undefined) throw unreadable('an element is missing');
  if (element.tag !== tag) throw unreadable(`tag ${element.tag} in place of ${tag}`);
  return element;
}

/** An OBJECT IDENTIFIER as dotted decimal. */
export function objectIdentifier(element: DerElement | undefined): string {
  const { content } = expectDer(element, derTags.objectIdentifier);
  const arcs: bigint[] = [];
  let arc = 0n;
  for (const byte of content) {
    arc = (arc << 7n) | BigInt(byte & 0x7f);
    if (byte < 0x80) {
      arcs.push(arc);
      arc = 0n;
    }
  }
  const [joint, ...others] = arcs;
  if (joint === undefined || (content.at(-1) ?? 0x80) >= 0x80) throw unreadable('a cut identifier');
  const first = joint < 40n ? 0n : joint < 80n ? 1n : 2n;
  return [first, joint - 40n * first, ...others].join('.');
}

/** The bits of a BIT STRING that fills whole octets. */
export function wholeBits(element: DerElement | undefined): Uint8Array {
  const { content } = expectDer(element, derTags.bitString);
  if (content[0] !== 0) throw unreadable('a bit string that fills no whole octets');
  return content.subarray(1);
}

function readElement(bytes: Uint8Array): DerElement {
  const [tag, short] = bytes;
  if (tag === undefined || short === undefined) throw unreadable('cut short');
  if ((tag & 0x1f) === 0x1f) throw unreadable('a tag above 30');
  const { length, start } = readLength(bytes, short);
  if (start + length > bytes.length) throw unreadable('cut short');
  return {
    tag,
    content: bytes.subarray(start, start + length),
    bytes: bytes.subarray(0, start + length),
  };
}

/** X.690 10.1: definite, and in the fewest octets. Two octets of length suffice below the limit. */
function readLength(bytes: Uint8Array, short: number): { length: number; start: number } {
  if (short < 0x80) return { length: short, start: 2 };
  const octets = short & 0x7f;
  if (octets === 0 || octets > 2) throw unreadable('a length that is not DER');
  if (bytes.length < 2 + octets) throw unreadable('cut short');
  const length = bytes.subarray(2, 2 + octets).reduce((sum, octet) => sum * 256 + octet, 0);
  if (length < (octets === 1 ? 0x80 : 0x100)) throw unreadable('a length that is not DER');
  return { length, start: 2 + octets };
}

function unreadable(detail: string): GatewayError {
  return new GatewayError('certificate-refused', `unreadable: ${detail}`);
}
