import { GatewayError } from '../core/error.ts';
import { isDefaultSecret } from './default-secrets.ts';

/**
 * What a password that a person chose must be, after NIST SP 800-63B-4 3.1.1.2: long, not the first
 * that somebody would try, and otherwise anything. No composition rules, no expiry by time.
 */

/** The clause’s minimum for a password that may be the only factor. */
const passwordLengthMin = 15;
/** The clause asks for 64 at least. Beyond this only the hash function would be kept busy. */
export const passwordLengthMax = 256;

/** What must be left of a password once everything that is guessed first is taken out of it. */
const unguessedLengthMin = 8;
/** A word this short is found in many good passwords by chance. */
const contextWordLengthMin = 4;
/** Repeated or neighbouring characters in a row that count as one that is easily guessed. */
const runLengthMin = 4;

export type PasswordFault = 'default' | 'too-short' | 'too-long' | 'easily-guessed' | 'unreadable';

/**
 * One form for each text, however it was typed: Unicode NFC, as the clause and RFC 8265 4.2 ask.
 * Spaces stay.
 */
export function normalisePassword(password: string): string {
  return password.normalize('NFC');
}

/**
 * Undefined for a password that may be used. `context` are words of this very case that an attacker
 * knows too: the user’s name, the site’s.
 */
export function passwordFault(
  password: string,
  context: readonly string[],
): PasswordFault | undefined {
  const text = normalisePassword(password);
  const length = [...text].length;
  // A lone half of a surrogate pair becomes the same byte as any other: different texts, one hash.
  if (!text.isWellFormed() || /\p{Cc}/u.test(text)) return 'unreadable';
  if (isDefaultSecret(text)) return 'default';
  if (length < passwordLengthMin) return 'too-short';
  if (length > passwordLengthMax) return 'too-long';
  return unguessedLength(text, context) < unguessedLengthMin ? 'easily-guessed' : undefined;
}

/** @throws GatewayError `password-refused`, with why. */
export function requireGoodPassword(password: string, context: readonly string[]): void {
  const fault = passwordFault(password, context);
  if (fault === undefined) return;
  throw new GatewayError('password-refused', `the new password is ${faultTexts[fault]}`);
}

const faultTexts: Readonly<Record<PasswordFault, string>> = {
  default: 'known: devices are shipped with it',
  'too-short': `too short: at least ${passwordLengthMin} characters`,
  'too-long': `too long: at most ${passwordLengthMax} characters`,
  'easily-guessed': 'easily guessed: common words, names or rows of keys',
  unreadable: 'unreadable: it holds control characters or half a character',
};

/** How many characters an attacker’s list of words, repetitions and rows does not explain. */
function unguessedLength(text: string, context: readonly string[]): number {
  const words = [...context.map(plain).filter(isLongEnough), ...commonWords].sort(
    (a, b) => b.length - a.length,
  );
  let rest = plain(text);
  if (commonPhrases.some((phrase) => rest.includes(phrase))) return 0;
  for (const word of words) rest = rest.replaceAll(word, ' ');
  const pieces = new Set(rest.split(' ').map(withoutRows).map(withoutRepetition));
  return [...pieces].join('').length;
}

/** Without what people swap to please composition rules: case, accents, figures for letters, gaps. */
function plain(text: string): string {
  return text
    .normalize('NFKD')
    .toLowerCase()
    .replace(/[\p{M}\s\p{P}_]/gu, (sign) => lookalikes[sign] ?? '')
    .replace(/[01345789$]/g, (sign) => lookalikes[sign] ?? sign);
}

const lookalikes: Readonly<Record<string, string>> = {
  '@': 'a',
  $: 's',
  '!': 'i',
  '0': 'o',
  '1': 'i',
  '3': 'e',
  '4': 'a',
  '5': 's',
  '7': 't',
};

function isLongEnough(word: string): boolean {
  return word.length >= contextWordLengthMin;
}

/** `aaaa`, `abcdef`, `9876`, `qwertz`: gone. */
function withoutRows(text: string): string {
  const letters = [...text];
  const kept: string[] = [];
  for (let start = 0; start < letters.length; ) {
    const length = rowLength(letters, start);
    if (length < runLengthMin) kept.push(...letters.slice(start, start + 1));
    start += length < runLengthMin ? 1 : length;
  }
  return kept.join('');
}

function rowLength(letters: readonly string[], start: number): number {
  const lengths = [...rows, undefined].flatMap((row) =>
    [1, -1].map((step) => {
      let end = start + 1;
      while (end < letters.length && follows(letters[end - 1], letters[end], row, step)) end += 1;
      return end - start;
    }),
  );
  return Math.max(...lengths);
}

/** Whether `next` comes after `last` in the row; without a row, whether it is the same again. */
function follows(
  last: string | undefined,
  next: string | undefined,
  row: string | undefined,
  step: number,
): boolean {
  if (last === undefined || next === undefined) return false;
  if (row === undefined) return last === next;
  const place = row.indexOf(last);
  return place >= 0 && row[place + step] === next;
}

/** `horsehorsehorse` is as good as `horse`. */
function withoutRepetition(text: string): string {
  for (let unit = 1; unit <= text.length / 2; unit += 1) {
    const once = text.slice(0, unit);
    if (once.repeat(Math.ceil(text.length / unit)).startsWith(text)) return once;
  }
  return text;
}

/** As they look after `plain`, which turns some figures into letters. */
const rows = [
  'abcdefghijklmnopqrstuvwxyz',
  'qwertyuiop',
  'qwertzuiop',
  'asdfghjkl',
  'zxcvbnm',
  'yxcvbnm',
  plain('0123456789'),
  plain('1234567890'),
];

/** Long ones that everybody has read. */
const commonPhrases = [
  'correcthorsebatterystaple',
  'thequickbrownfox',
  'maytheforcebewithyou',
  'iloveyousomuch',
  'letmeinplease',
].map(plain);

/** Words that head every list of leaked passwords, in the languages of our first sites, and ours. */
const commonWords = [
  ...['password', 'passwort', 'passphrase', 'kennwort', 'motdepasse', 'contrasena', 'salasana'],
  ...['wachtwoord', 'losenord', 'welcome', 'willkommen', 'bienvenue', 'iloveyou', 'letmein'],
  ...['administrator', 'admin', 'default', 'changeme', 'secret', 'geheim', 'master', 'login'],
  ...['superuser', 'root', 'user', 'guest', 'test', 'demo', 'qwerty', 'qwertz', 'azerty'],
  ...['dragon', 'monkey', 'football', 'fussball', 'baseball', 'sunshine', 'princess', 'shadow'],
  ...['hospital', 'krankenhaus', 'clinic', 'klinik', 'station', 'ward', 'doctor', 'nurse'],
  ...['medical', 'monitor', 'patient', 'gateway', 'wardgate', 'summer', 'winter', 'spring'],
  ...['autumn', 'sommer', 'herbst', 'january', 'monday', 'montag', 'hello', 'hallo'],
].map(plain);
