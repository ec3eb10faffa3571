import { createHmac, type KeyObject } from 'node:crypto';

/**
 * Puts something of the same shape in the place of what may name a person or a device: digit for
 * digit, letter for letter, the same length, the same every time within one capture. Nobody without
 * the key can go back, and the key of a capture is thrown away with it.
 */
export interface Mask {
  /** Each character is a byte. What is neither digit nor letter stays. */
  text(word: string): string;
  bytes(value: Uint8Array): Uint8Array;
}

/** A frame of a capture that may be written, already masked. What no frame covers is withheld. */
export interface MaskedFrame {
  readonly start: number;
  readonly end: number;
  readonly bytes: Uint8Array;
}

const digestBytes = 32;
/** One digit is its own pseudonym in one of ten cases: then another one is taken. */
const attemptsMax = 32;

export function maskWith(key: KeyObject): Mask {
  function streamOf(kind: string, value: string, attempt: number, length: number): Uint8Array {
    const blocks = Array.from({ length: Math.ceil(length / digestBytes) }, (_, block) =>
      createHmac('sha256', key)
        .update(`${kind}:${attempt}:${block}:`)
        .update(value, 'latin1')
        .digest(),
    );
    return Buffer.concat(blocks);
  }
  function other(word: string, make: (attempt: number) => string): string {
    for (let attempt = 0; attempt < attemptsMax; attempt += 1) {
      const made = make(attempt);
      if (made !== word) return made;
    }
    return word.replace(/[^\W_]/g, '0');
  }
  return {
    text(word) {
      if (!/[^\W_]|[\x80-\xff]/.test(word)) return word;
      return other(word, (attempt) => {
        const stream = streamOf('text', word, attempt, word.length);
        return word.replace(/[\s\S]/g, (character, index: number) =>
          alike(character, stream[index] ?? 0),
        );
      });
    },
    bytes(value) {
      const word = Buffer.from(value).toString('latin1');
      return Buffer.from(streamOf('bytes', word, 0, value.length).subarray(0, value.length));
    },
  };
}

/** A byte beyond ASCII becomes a letter: half of a character would be none. */
function alike(character: string, chance: number): string {
  if (/\d/.test(character)) return `${chance % 10}`;
  if (/[A-Z]/.test(character)) return letter(0x41, chance);
  return /[a-z\x80-\xff]/.test(character) ? letter(0x61, chance) : character;
}

function letter(first: number, chance: number): string {
  return String.fromCharCode(first + (chance % 26));
}

/** Masks every word of a text but those that are known to say nothing about anybody. */
export function maskWords(text: string, harmless: RegExp, mask: Mask): string {
  return text.replace(/[^\s,;=^|"&~]+/g, (word) => (harmless.test(word) ? word : mask.text(word)));
}

/**
 * Goes through a capture frame by frame. Where none begins, the byte is withheld: it is not proven
 * that it holds nothing.
 */
export function scanFrames(
  capture: Uint8Array,
  frameAt: (offset: number) => { readonly end: number; readonly bytes: Uint8Array } | undefined,
): readonly MaskedFrame[] {
  const frames: MaskedFrame[] = [];
  let offset = 0;
  while (offset < capture.length) {
    const frame = frameAt(offset);
    if (frame) frames.push({ start: offset, ...frame });
    offset = frame ? frame.end : offset + 1;
  }
  return frames;
}

/** Frames that are lines of text with LF at their end. `maskLine` says undefined to withhold one. */
export function maskLines(
  capture: Uint8Array,
  maskLine: (line: string) => string | undefined,
): readonly MaskedFrame[] {
  const frames: MaskedFrame[] = [];
  let start = 0;
  for (const line of Buffer.from(capture)
    .toString('latin1')
    .split(/(?<=\n)/)) {
    const end = start + line.length;
    const masked = maskLine(line);
    if (masked !== undefined) frames.push({ start, end, bytes: Buffer.from(masked, 'latin1') });
    start = end;
  }
  return frames;
}
