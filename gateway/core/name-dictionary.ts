import { createHmac } from 'node:crypto';

/** By which this site knows its patients: the names themselves are not in it. */
export interface NameDictionary {
  /** Whether a patient of this site is named somewhere in the text, however it is spaced or written. */
  holds(text: string): boolean;
}

/** A text of a device is a line; what is longer is looked at so far. */
const wordsMax = 16;
/** A name or number is written in so many parts at most. */
const partsMax = 5;
/** Shorter ones are found in any text. */
const lettersMin = 5;
const digitsMin = 6;
const mixedMin = 4;

/** Keyed hashes (HMAC-SHA-256) of names and record numbers, as words without their spaces and signs. */
export function nameDictionary(names: Iterable<string>, key: Uint8Array): NameDictionary {
  const hashOf = (word: string) =>
    createHmac('sha256', key).update(`name:${word}`).digest('base64url');
  const hashes = new Set<string>();
  for (const name of names) {
    const word = wordsOf(name).join('');
    if (isTelling(word)) hashes.add(hashOf(word));
  }
  return {
    holds(text) {
      if (hashes.size === 0) return false;
      const words = wordsOf(text).slice(0, wordsMax);
      for (const start of words.keys()) {
        let joined = '';
        for (const word of words.slice(start, start + partsMax)) {
          joined += word;
          if (isTelling(joined) && hashes.has(hashOf(joined))) return true;
        }
      }
      return false;
    },
  };
}

function wordsOf(text: string): readonly string[] {
  return (
    text
      .normalize('NFKC')
      .toLowerCase()
      .match(/[\p{L}\p{N}]+/gu) ?? []
  );
}

function isTelling(word: string): boolean {
  if (/^\p{N}+$/u.test(word)) return word.length >= digitsMin;
  return word.length >= (/\p{N}/u.test(word) ? mixedMin : lettersMin);
}
