import { isUtf8 } from 'node:buffer';
import type { Malformed } from '../protocol.ts';

const QUOTE = 0x22;
const COLON = 0x3a;
const BRACKET = 0x5b;
const BACKSLASH = 0x5c;
const BRACKET_END = 0x5d;
const BRACE = 0x7b;
const BRACE_END = 0x7d;

/** The most bytes one JSON message of a device may have; the MQTT payload limit is the same. */
export const jsonBytesMax = 65_536;

/** No payload of ours nests deeper than 4. */
const jsonDepthMax = 8;

export type JsonObject = Readonly<Record<string, unknown>>;

/**
 * A message as parsed, and how many keys its text has. A reader that walks fewer keys has been given
 * one twice: JSON.parse keeps the last silently, another reader might keep the first.
 */
export interface ParsedJson {
  readonly value: unknown;
  readonly keys: number;
}

/** Reads one JSON text (RFC 8259) of at most `jsonBytesMax` bytes. Never throws. */
export function parseJson(message: Uint8Array): ParsedJson | Malformed {
  if (message.length === 0) return malformed('empty payload');
  if (message.length > jsonBytesMax) return malformed(`more than ${jsonBytesMax} bytes`);
  if (!isUtf8(message)) return malformed('not UTF-8');
  const buffer = Buffer.isBuffer(message)
    ? message
    : Buffer.from(message.buffer, message.byteOffset, message.length);
  const text = buffer.toString('utf8');
  const keys = surveyKeys(text);
  if (keys === -1) return { reason: 'too-deep', detail: `more than ${jsonDepthMax} levels` };
  try {
    return { value: JSON.parse(text), keys };
  } catch {
    // The parser's own words quote the text, so they are not passed on.
    return malformed('not JSON');
  }
}

export function malformed(detail: string): Malformed {
  return { reason: 'malformed', detail };
}

export function isMalformed(answer: object): answer is Malformed {
  return 'reason' in answer;
}

export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

const nameCharactersMax = 64;

/** A key in a form that is safe to log: it names the field, it cannot carry content or control characters. */
export function printable(name: string): string {
  return name.slice(0, nameCharactersMax).replace(/[^A-Za-z0-9_.:/-]/g, '?');
}

/**
 * True for a name a device may give a field: a letter or digit, then letters, digits, `_ . : / -`,
 * at most 64. `__proto__` is none.
 */
export function isFieldName(name: string): boolean {
  if (name.length === 0 || name.length > nameCharactersMax) return false;
  for (let index = 0; index < name.length; index += 1) {
    const code = name.charCodeAt(index);
    const isAlphanumeric =
      (code >= 0x61 && code <= 0x7a) ||
      (code >= 0x41 && code <= 0x5a) ||
      (code >= 0x30 && code <= 0x39);
    // The range is `-`, `.`, `/`, the digits and `:`.
    if (!isAlphanumeric && (index === 0 || (code !== 0x5f && !(code >= 0x2d && code <= 0x3a)))) {
      return false;
    }
  }
  return true;
}

/** True for printable text of 1 to `charactersMax` characters that every UTF-8 writer can write. */
export function isShortText(value: unknown, charactersMax: number): value is string {
  if (typeof value !== 'string' || value.length === 0 || value.length > charactersMax) return false;
  for (let index = 0; index < value.length; index += 1) {
    const code = value.charCodeAt(index);
    if (code < 0x20 || code === 0x7f) return false;
  }
  return value.isWellFormed();
}

/** The number of keys in a JSON text, or -1 when it nests deeper than `jsonDepthMax`. */
function surveyKeys(text: string): number {
  let keys = 0;
  let depth = 0;
  for (let index = 0; index < text.length; index += 1) {
    const code = text.charCodeAt(index);
    if (code === QUOTE) {
      index = endOfString(text, index);
      if (index === -1) return keys;
    } else if (code === COLON) {
      keys += 1;
    } else if (code === BRACE || code === BRACKET) {
      depth += 1;
      if (depth > jsonDepthMax) return -1;
    } else if (code === BRACE_END || code === BRACKET_END) {
      depth -= 1;
    }
  }
  return keys;
}

/** The position of the quote that ends the string begun at `start`, or -1 when none does. */
function endOfString(text: string, start: number): number {
  let end = text.indexOf('"', start + 1);
  if (text.charCodeAt(end - 1) !== BACKSLASH) return end;
  for (end = start + 1; end < text.length; end += 1) {
    const code = text.charCodeAt(end);
    if (code === QUOTE) return end;
    if (code === BACKSLASH) end += 1;
  }
  return -1;
}
