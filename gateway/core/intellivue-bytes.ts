/** Reads big-endian fields one after another. Once a read passes the end, `isShort` stays true. */
export interface ByteReader {
  readonly isShort: boolean;
  /** Every byte was read, and none beyond. */
  readonly isAtEnd: boolean;
  u8(): number;
  u16(): number;
  u32(): number;
  /** The next `count` bytes, or none when there are fewer. */
  take(count: number): Uint8Array;
  rest(): Uint8Array;
}

const none = new Uint8Array();

export function readerOf(bytes: Uint8Array): ByteReader {
  let offset = 0;
  let isShort = false;

  function take(count: number): Uint8Array {
    if (offset + count > bytes.length) {
      isShort = true;
      return none;
    }
    const taken = bytes.subarray(offset, offset + count);
    offset += count;
    return taken;
  }

  function unsigned(count: number): number {
    if (offset + count > bytes.length) {
      isShort = true;
      return 0;
    }
    let value = 0;
    for (const end = offset + count; offset < end; offset += 1) {
      value = value * 256 + (bytes[offset] ?? 0);
    }
    return value;
  }

  return {
    get isShort() {
      return isShort;
    },
    get isAtEnd() {
      return !isShort && offset === bytes.length;
    },
    u8: () => unsigned(1),
    u16: () => unsigned(2),
    u32: () => unsigned(4),
    take,
    rest: () => take(bytes.length - offset),
  };
}

/** The big-endian bytes of fields, each given as its value and its width. */
export function bytesOf(...fields: readonly (readonly [value: number, width: 1 | 2 | 4])[]) {
  let length = 0;
  for (const [, width] of fields) length += width;
  const bytes = Buffer.alloc(length);
  let offset = 0;
  for (const [value, width] of fields) {
    // `>>> 0` takes the low 32 bits, as the wire does with a negative number.
    bytes.writeUIntBE((value >>> 0) % 2 ** (8 * width), offset, width);
    offset += width;
  }
  return bytes;
}
