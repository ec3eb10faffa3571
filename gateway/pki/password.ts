import { argon2, randomBytes, randomInt, timingSafeEqual } from 'node:crypto';
import { promisify } from 'node:util';
import { GatewayError } from '../core/error.ts';

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

/** Argon2id (RFC 9106) in PHC string form. Takes a thread of the pool, not the main one. */
export async function hashPassword(password: string): Promise<string> {
  const nonce = randomBytes(saltBytes);
  return phcOf(nonce, await tagOf(password, nonce, usualCost));
}

/**
 * Whether it is the password of that hash. Without a hash it never is, and takes as long: nobody
 * learns from the time which names exist.
 */
export async function verifyPassword(password: string, phc: string = nobody): Promise<boolean> {
  const { cost, salt, tag } = parsePhc(phc);
  const own = await tagOf(password, salt, cost);
  return own.length === tag.length && timingSafeEqual(own, tag) && phc !== nobody;
}

interface Cost {
  readonly memoryKib: number;
  readonly passes: number;
  readonly parallelism: number;
}

const usualCost: Cost = { memoryKib, passes, parallelism };

function tagOf(password: string, nonce: Uint8Array, cost: Cost): Promise<Buffer> {
  return promisify(argon2)('argon2id', {
    message: password,
    nonce,
    parallelism: cost.parallelism,
    tagLength: tagBytes,
    memory: cost.memoryKib,
    passes: cost.passes,
  });
}

function phcOf(nonce: Uint8Array, tag: Uint8Array): string {
  const [salt, hash] = [nonce, tag].map((part) =>
    Buffer.from(part).toString('base64').replace(/=+$/, ''),
  );
  return `$argon2id$v=19$m=${memoryKib},t=${passes},p=${parallelism}$${salt}$${hash}`;
}

/** The cost of the day it was made stands in it; ours may be another by then. */
const phcForm = /^\$argon2id\$v=19\$m=(\d{4,7}),t=(\d{1,2}),p=(\d)\$([\w+/]+)\$([\w+/]+)$/;

function parsePhc(phc: string) {
  const [, memory, passCount, lanes, salt, tag] = phcForm.exec(phc) ?? [];
  if (!salt || !tag) throw new GatewayError('store-damaged', 'a password hash is unreadable');
  const cost = {
    memoryKib: Number(memory),
    passes: Number(passCount),
    parallelism: Number(lanes),
  };
  return { cost, salt: Buffer.from(salt, 'base64'), tag: Buffer.from(tag, 'base64') };
}

/** The hash of no password. */
const nobody = phcOf(Buffer.alloc(saltBytes), Buffer.alloc(tagBytes));
