import { derTags } from './der.ts';

/** One DER element (ITU-T X.690) of this tag around its content. */
export function der(tag: number, ...content: readonly Uint8Array[]): Buffer {
  const body = Buffer.concat(content);
  return Buffer.concat([Buffer.of(tag), lengthOctets(body.length), body]);
}

export function sequence(...members: readonly Uint8Array[]): Buffer {
  return der(derTags.sequence, ...members);
}

/** A context-specific tag around whole elements. */
export function explicit(tag: number, ...members: readonly Uint8Array[]): Buffer {
  return der(0xa0 | tag, ...members);
}

export function identifier(dotted: string): Buffer {
  const [first = 0n, second = 0n, ...others] = dotted.split('.').map(BigInt);
  return der(
    derTags.objectIdentifier,
    ...[40n * first + second, ...others].map((arc) => base128(arc)),
  );
}

/** A whole number that is not negative, or the content octets of one. */
export function integer(value: bigint | number | Uint8Array): Buffer {
  if (value instanceof Uint8Array) return der(derTags.integer, value);
  const hex = value.toString(16);
  const octets = Buffer.from(hex.length % 2 === 0 ? hex : `0${hex}`, 'hex');
  const isHigh = (octets[0] ?? 0) >= 0x80;
  return der(derTags.integer, isHigh ? Buffer.of(0) : Buffer.alloc(0), octets);
}

export function enumerated(value: number): Buffer {
  return der(0x0a, Buffer.of(value));
}

export function octets(content: Uint8Array): Buffer {
  return der(derTags.octetString, content);
}

/** A BIT STRING of whole octets. */
export function bits(content: Uint8Array): Buffer {
  return der(derTags.bitString, Buffer.of(0), content);
}

/** GeneralizedTime in whole seconds of UTC (RFC 5280 4.1.2.5.2). */
export function generalizedTime(at: number): Buffer {
  return der(0x18, Buffer.from(`${digitsOf(at)}Z`));
}

/** UTCTime up to 2049, GeneralizedTime from 2050 (RFC 5280 4.1.2.5, 5.1.2.4). */
export function time(at: number): Buffer {
  if (new Date(at).getUTCFullYear() >= 2050) return generalizedTime(at);
  return der(0x17, Buffer.from(`${digitsOf(at).slice(2)}Z`));
}

/** An extension (RFC 5280 4.1); `value` is the DER inside its OCTET STRING. */
export function extension(
  id: string,
  value: Uint8Array,
  { isCritical = false }: { readonly isCritical?: boolean } = {},
): Buffer {
  return sequence(
    identifier(id),
    ...(isCritical ? [der(derTags.boolean, Buffer.of(0xff))] : []),
    octets(value),
  );
}

function digitsOf(at: number): string {
  return new Date(at).toISOString().slice(0, 19).replaceAll(/[-T:]/g, '');
}

function lengthOctets(length: number): Buffer {
  if (length < 0x80) return Buffer.of(length);
  const hex = length.toString(16);
  const counted = Buffer.from(hex.length % 2 === 0 ? hex : `0${hex}`, 'hex');
  return Buffer.concat([Buffer.of(0x80 | counted.length), counted]);
}

function base128(arc: bigint): Buffer {
  const groups = [Number(arc & 0x7fn)];
  for (let rest = arc >> 7n; rest > 0n; rest >>= 7n) groups.unshift(Number(rest & 0x7fn) | 0x80);
  return Buffer.from(groups);
}
