import { type DeviceRecord, noBytes, type Protocol } from '../protocol.ts';
import { isMalformed, jsonBytesMax } from './json-message.ts';

const TAB = 0x09;
const LF = 0x0a;
const CR = 0x0d;
const SPACE = 0x20;
const QUOTE = 0x22;
const COMMA = 0x2c;
const COLON = 0x3a;
const BRACKET = 0x5b;
const BACKSLASH = 0x5c;
const BRACKET_END = 0x5d;
const BRACE = 0x7b;
const BRACE_END = 0x7d;

/** Bytes that may stand outside a string: punctuation, numbers, `true`, `false`, `null`. */
const bareBytes = new Set(Buffer.from('{}[]:,0123456789+-.eEtrufalsn'));

/** What the framing may hold between two chunks: the bytes so far and a few marks. */
export const jsonStateBytesMax = jsonBytesMax + 512;

/** Bytes of the message in flight. `bytes` may be longer; only `length` of them are this state's. */
interface Held {
  readonly store: Store;
  readonly length: number;
}

/** Grows by doubling, so that a message that comes byte by byte is not copied at each byte. */
interface Store {
  readonly bytes: Uint8Array;
  used: number;
}

export interface JsonFraming {
  readonly held: Held;
  readonly depth: number;
  readonly isInString: boolean;
  readonly isEscaped: boolean;
  /** The last byte outside a string that is not white space: says what may come next. */
  readonly last: number;
}

export const startJsonFraming: JsonFraming = {
  held: { store: { bytes: new Uint8Array(), used: 0 }, length: 0 },
  depth: 0,
  isInString: false,
  isEscaped: false,
  last: 0,
};

interface JsonFrames {
  readonly state: JsonFraming;
  /** Whole messages. They share memory with the chunk: read them before the next one comes. */
  readonly messages: readonly Uint8Array[];
  readonly discardedBytes: number;
}

/**
 * The `step` of a protocol whose messages are JSON texts that follow each other on a line. What
 * `readMessage` calls malformed counts as discarded.
 */
export function jsonLine(
  opener: '{' | '[',
  readMessage: NonNullable<Protocol['readMessage']>,
): Protocol<JsonFraming>['step'] {
  return (held, chunk) => {
    const { state, messages, discardedBytes: framingBytes } = frameJson(held, chunk, opener);
    const records: DeviceRecord[] = [];
    let discardedBytes = framingBytes;
    for (const message of messages) {
      const answer = readMessage(message);
      if (isMalformed(answer)) discardedBytes += message.length;
      else records.push(...answer);
    }
    return { state, records, reply: noBytes, discardedBytes };
  };
}

/**
 * Finds whole top-level values that start with `opener` in a stream without any other framing.
 * A byte that no JSON text can have at its place ends the message there: it is damaged, it is
 * counted, and the next opener starts afresh. White space between messages is nobody's.
 */
export function frameJson(state: JsonFraming, chunk: Uint8Array, opener: '{' | '['): JsonFrames {
  const openerByte = opener === '{' ? BRACE : BRACKET;
  const messages: Uint8Array[] = [];
  let { held, depth, isInString, isEscaped, last } = state;
  let discardedBytes = 0;
  let start = 0;

  for (let index = 0; index < chunk.length; index += 1) {
    const byte = chunk[index] ?? 0;
    if (depth === 0) {
      start = index;
      if (byte === openerByte) {
        depth = 1;
        last = byte;
      } else if (!isWhiteSpace(byte)) {
        discardedBytes += 1;
      }
      continue;
    }
    const isTooLong = held.length + index - start >= jsonBytesMax;
    if (isTooLong || !isPossible(byte, isInString, last)) {
      discardedBytes += held.length + index - start;
      held = startJsonFraming.held;
      depth = 0;
      isInString = false;
      isEscaped = false;
      // The byte that does not fit may open the next message.
      index -= 1;
      continue;
    }
    if (isInString) {
      if (isEscaped) isEscaped = false;
      else if (byte === BACKSLASH) isEscaped = true;
      else if (byte === QUOTE) isInString = false;
    } else if (!isWhiteSpace(byte)) {
      last = byte;
      if (byte === QUOTE) isInString = true;
      else if (byte === BRACE || byte === BRACKET) depth += 1;
      else if (byte === BRACE_END || byte === BRACKET_END) depth -= 1;
      if (depth === 0) {
        const piece = chunk.subarray(start, index + 1);
        messages.push(held.length === 0 ? piece : joined(held, piece));
        held = startJsonFraming.held;
      }
    }
  }
  if (depth > 0) held = append(held, chunk.subarray(start));
  return { state: { held, depth, isInString, isEscaped, last }, messages, discardedBytes };
}

function isWhiteSpace(byte: number): boolean {
  return byte === SPACE || byte === LF || byte === CR || byte === TAB;
}

/** What RFC 8259 lets stand here, as far as one byte of look-behind can tell. */
function isPossible(byte: number, isInString: boolean, last: number): boolean {
  if (isInString) return byte >= SPACE;
  if (isWhiteSpace(byte)) return true;
  const isAfterSeparator = last === COMMA || last === COLON || last === BRACKET;
  if (byte === QUOTE) return isAfterSeparator || last === BRACE;
  if (byte === BRACE || byte === BRACKET) return isAfterSeparator;
  return bareBytes.has(byte);
}

function append(held: Held, piece: Uint8Array): Held {
  const length = held.length + piece.length;
  let { store } = held;
  // Another state may have grown from the same one; what it wrote stays its own.
  if (store.used !== held.length || store.bytes.length < length) {
    const capacity = Math.min(jsonBytesMax, Math.max(256, 2 * length));
    store = { bytes: new Uint8Array(capacity), used: held.length };
    store.bytes.set(held.store.bytes.subarray(0, held.length));
  }
  store.bytes.set(piece, held.length);
  store.used = length;
  return { store, length };
}

function joined(held: Held, piece: Uint8Array): Uint8Array {
  return Buffer.concat([held.store.bytes.subarray(0, held.length), piece]);
}
