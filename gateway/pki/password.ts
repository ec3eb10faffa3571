import { argon2, randomBytes, randomInt } from 'node:crypto';
import { promisify } from 'node:util';

/** OWASP Password Storage: Argon2id, 19 MiB, two passes, one lane. A Pi does it in a second. */
const memoryKib = 19_456;
const passes = 2;
const parallelism = 1;
const saltBytes = 16;
const tagBytes = 32;

/** No 0/O, 1/l/I: it is read from a screen and typed once. */
const alphabet = 'abcdefghijkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789';
const groups = 4;
const groupLength = 5;

/** A password of 20 random letters and digits (116 bit) in groups, made to be used once. */
export function createOneTimePassword(): string {
  const letter = () => alphabet[randomInt(alphabet.length)];
  const group = () => Array.from({ length: groupLength }, letter).join('');
  return Array.from({ length: groups }, group).join('-');
}

/** Argon2id (RFC 9106) in PHC string form. */
export async function hashPassword(password: string): Promise<string> {
  const nonce = randomBytes(saltBytes);
  const tag = await promisify(argon2)('argon2id', {
    message: password,
    nonce,
    parallelism,
    tagLength: tagBytes,
    memory: memoryKib,
    passes,
  });
  const [salt, hash] = [nonce, tag].map((part) => part.toString('base64').replace(/=+$/, ''));
  return `$argon2id$v=19$m=${memoryKib},t=${passes},p=${parallelism}$${salt}$${hash}`;
}
