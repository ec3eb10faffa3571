import type { AbsentReason } from '../absent-reason.ts';
import { localTime } from '../device-time.ts';

/**
 * The medical device encoding rules of ISO/IEEE 11073-20601 annex F: big-endian integers, lists of
 * count and length, floats of a decimal mantissa, and times in binary-coded decimal.
 */

/** Thrown where bytes are not of the form they claim; caught where the APDU began. */
export class NotMder extends Error {}

/** No configuration of a personal health device comes near: an attack, or damage. */
const listItemsMax = 256;

/** Reads on through `bytes`; every read past the end is a `NotMder`. */
export class MderReader {
  readonly #bytes: Uint8Array;
  #offset = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  get left(): number {
    return this.#bytes.length - this.#offset;
  }

  unsigned16(): number {
    return this.#word(this.#advance(2));
  }

  unsigned32(): number {
    const at = this.#advance(4);
    return this.#word(at) * 65_536 + this.#word(at + 2);
  }

  take(count: number): Uint8Array {
    const at = this.#advance(count);
    return this.#bytes.subarray(at, at + count);
  }

  /** A part of `count` bytes with a reader of its own, which must be read to its end. */
  part<Value>(count: number, read: (part: MderReader) => Value): Value {
    const inner = new MderReader(this.take(count));
    const value = read(inner);
    if (inner.left > 0) throw new NotMder();
    return value;
  }

  /** `count, length, items`: each item read by `read`, all of them exactly `length` bytes. */
  list<Value>(read: (part: MderReader) => Value): readonly Value[] {
    const count = this.unsigned16();
    const length = this.unsigned16();
    if (count > listItemsMax) throw new NotMder();
    return this.part(length, (part) => {
      const items: Value[] = [];
      for (let index = 0; index < count; index += 1) items.push(read(part));
      return items;
    });
  }

  #advance(count: number): number {
    const at = this.#offset;
    if (count > this.left) throw new NotMder();
    this.#offset = at + count;
    return at;
  }

  #word(at: number): number {
    return (this.#bytes[at] ?? 0) * 256 + (this.#bytes[at + 1] ?? 0);
  }
}

export function mderReader(bytes: Uint8Array): MderReader {
  return new MderReader(bytes);
}

export type MderNumber = number | { readonly absent: AbsentReason };

/** SFLOAT-Type: 4 bits of exponent, 12 of mantissa. */
export function readShortFloat(part: MderReader): MderNumber {
  const word = part.unsigned16();
  return decimal((word << 20) >> 20, (word << 16) >> 28, 2_047);
}

/** FLOAT-Type: 8 bits of exponent, 24 of mantissa. */
export function readFloat(part: MderReader): MderNumber {
  const word = part.unsigned32();
  return decimal((word << 8) >> 8, word >> 24, 8_388_607);
}

/** The three highest and lowest mantissas are no numbers (annex F.7). */
function decimal(mantissa: number, exponent: number, highest: number): MderNumber {
  if (mantissa === highest) return { absent: 'not-a-number' };
  if (mantissa === highest - 1) return { absent: 'above-range' };
  if (mantissa === -(highest - 1)) return { absent: 'below-range' };
  if (mantissa <= -highest) return { absent: 'invalid' };
  // By its decimal digits: 368 × 10⁻¹ is 36.8 and not 36.800000000000004.
  return Number(`${mantissa}e${exponent}`);
}

/** AbsoluteTime: century, year, month, day, hour, minute, second, 1/100 s; no zone. */
export function readAbsoluteTime(part: MderReader): string | undefined {
  const bytes = part.take(8);
  // All ones: the device has no clock, or it was never set.
  if (bytes.every((byte) => byte === 0xff) || bytes.every((byte) => byte === 0)) return undefined;
  const digits = Array.from(bytes, fromBcd);
  const [century = 0, year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0, part100] =
    digits;
  // A device that was never set says 2000 or 1970; another century is damage.
  if (century < 19 || century > 21) throw new NotMder();
  const time = localTime(century * 100 + year, month, day, hour, minute, second);
  if (time === undefined) throw new NotMder();
  return part100 === 0 ? time : `${time}.${String(part100).padStart(2, '0')}`;
}

function fromBcd(byte: number): number {
  const high = byte >> 4;
  const low = byte & 0x0f;
  if (high > 9 || low > 9) throw new NotMder();
  return 10 * high + low;
}

/** Seconds from 1900-01-01 to 1970-01-01. */
const secondsBefore1970 = 2_208_988_800;

/** BaseOffsetTime: seconds since 1900 in UTC, 1/65536 s, and the offset of the local time. */
export function readBaseOffsetTime(part: MderReader): string | undefined {
  const seconds = part.unsigned32();
  const fraction = part.unsigned16();
  const offset = (part.unsigned16() << 16) >> 16;
  if (seconds === 0 || seconds === 0xffff_ffff) return undefined;
  if (Math.abs(offset) > 18 * 60) throw new NotMder();
  const instant = (seconds - secondsBefore1970) * 1_000 + Math.floor((fraction * 1_000) / 65_536);
  const local = new Date(instant + offset * 60_000).toISOString().slice(0, -1);
  const minutes = Math.abs(offset);
  const pad = (value: number) => String(value).padStart(2, '0');
  const zone = `${pad(Math.floor(minutes / 60))}:${pad(minutes % 60)}`;
  return `${fraction === 0 ? local.slice(0, 19) : local}${offset < 0 ? '-' : '+'}${zone}`;
}
