const none = new Uint8Array();

/** Reads big-endian fields one after another. Once a read passes the end, `isShort` stays true. */
export class ByteReader {
  readonly #bytes: Uint8Array;
  #offset = 0;
  #isShort = false;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  get isShort(): boolean {
    return this.#isShort;
  }

  /** Every byte was read, and none beyond. */
  get isAtEnd(): boolean {
    return !this.#isShort && this.#offset === this.#bytes.length;
  }

  u8(): number {
    const at = this.#advance(1);
    return at < 0 ? 0 : (this.#bytes[at] ?? 0);
  }

  u16(): number {
    const at = this.#advance(2);
    return at < 0 ? 0 : this.#word(at);
  }

  u32(): number {
    const at = this.#advance(4);
    return at < 0 ? 0 : this.#word(at) * 65_536 + this.#word(at + 2);
  }

  /** The next `count` bytes, or none when there are fewer. */
  take(count: number): Uint8Array {
    const at = this.#advance(count);
    return at < 0 ? none : this.#bytes.subarray(at, at + count);
  }

  rest(): Uint8Array {
    return this.take(this.#bytes.length - this.#offset);
  }

  /** Where the next `count` bytes stand; -1 when there are fewer. */
  #advance(count: number): number {
    const at = this.#offset;
    if (at + count > this.#bytes.length) {
      this.#isShort = true;
      return -1;
    }
    this.#offset = at + count;
    return at;
  }

  #word(at: number): number {
    return (this.#bytes[at] ?? 0) * 256 + (this.#bytes[at + 1] ?? 0);
  }
}

export function readerOf(bytes: Uint8Array): ByteReader {
  return new ByteReader(bytes);
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
