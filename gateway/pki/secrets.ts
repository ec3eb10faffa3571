import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import {
  closeSync,
  constants,
  existsSync,
  fstatSync,
  fsyncSync,
  linkSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { GatewayError } from '../core/error.ts';

/** Bytes of a key for AES-256, ChaCha20 or HMAC-SHA-256. */
const secretBytes = 32;
/** A secret below this could be guessed. */
const secretBytesMin = 16;
/** The largest file that is read as a secret. */
const secretFileBytesMax = 65_536;

/**
 * Makes a secret of the site, such as `store.key`: random bytes in hexadecimal, in
 * `<directory>/pki/<name>`. Never replaces one: what it protects could not be read again.
 *
 * @throws GatewayError `site-exists` when it is there already.
 */
export function createSecret(directory: string, name: string, bytes = secretBytes): Buffer {
  assert(bytes >= secretBytesMin, 'a secret this short can be guessed');
  const path = secretPath(directory, name);
  const secret = randomBytes(bytes);
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  writeNewFile(path, `${secret.toString('hex')}\n`, 0o600);
  return secret;
}

/**
 * Reads a secret of the site.
 *
 * @throws GatewayError `secret-missing` when it is not there or damaged, `secret-exposed` when
 * others than its owner may read or write it.
 */
export function readSecret(directory: string, name: string): Buffer {
  const path = secretPath(directory, name);
  const text = readSecretFile(path).toString('latin1').trim();
  if (!/^(?:[0-9a-f]{2})+$/.test(text) || text.length < 2 * secretBytesMin)
    throw new GatewayError('secret-missing', `${path} is damaged`);
  return Buffer.from(text, 'hex');
}

/**
 * Reads a secret that is made on its first use, such as `pseudonym-ehr.key`. A damaged or exposed
 * one is never replaced. Same errors as readSecret.
 */
export function ensureSecret(directory: string, name: string, bytes = secretBytes): Buffer {
  const isThere = existsSync(secretPath(directory, name));
  return isThere ? readSecret(directory, name) : createSecret(directory, name, bytes);
}

/** Gives a secret another's place, whole or not at all, even when the power fails. */
export function promoteSecret(directory: string, from: string, to: string): void {
  renameSync(secretPath(directory, from), secretPath(directory, to));
  syncDirectory(join(directory, 'pki'));
}

/** Forgets a secret that protects nothing, if it is there. */
export function removeSecret(directory: string, name: string): void {
  rmSync(secretPath(directory, name), { force: true });
}

/** The bytes of a file that only its owner may read. Same errors as readSecret. */
export function readSecretFile(path: string): Buffer {
  let file: number;
  try {
    file = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch (cause) {
    throw new GatewayError('secret-missing', `${path} cannot be opened`, { cause });
  }
  try {
    // The open file is asked, not the path: the path may name another file a moment later.
    const status = fstatSync(file);
    if (!status.isFile() || status.size > secretFileBytesMax)
      throw new GatewayError('secret-missing', `${path} is not a file of a secret`);
    if ((status.mode & 0o077) !== 0)
      throw new GatewayError('secret-exposed', `${path} has mode ${modeText(status.mode)}`);
    return readFileSync(file);
  } finally {
    closeSync(file);
  }
}

/**
 * Whoever may write into the directory may swap an anchor of trust in it.
 *
 * @throws GatewayError `secret-missing`, `secret-exposed`.
 */
export function requirePrivateDirectory(path: string): void {
  const status = statSync(path, { throwIfNoEntry: false });
  if (!status?.isDirectory()) throw new GatewayError('secret-missing', `${path} is not there`);
  if ((status.mode & 0o077) !== 0)
    throw new GatewayError(
      'secret-exposed',
      `${path} has mode ${modeText(status.mode)}; a directory of secrets needs 700`,
    );
}

/**
 * Writes a file whole or not at all, even when the power fails: under another name first, with its
 * final mode from the start, and synced before it gets its name.
 *
 * @throws GatewayError `site-exists` when a file of that name is there.
 */
export function writeNewFile(path: string, content: string | Uint8Array, mode: number): void {
  const temporary = join(dirname(path), `.${basename(path)}.${randomBytes(8).toString('hex')}`);
  const file = openSync(temporary, 'wx', mode);
  try {
    try {
      writeFileSync(file, content);
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
    // Unlike rename, link never replaces; two processes cannot both win.
    linkSync(temporary, path);
  } catch (cause) {
    if (hasCode(cause, 'EEXIST'))
      throw new GatewayError('site-exists', `${path} exists`, { cause });
    throw cause;
  } finally {
    rmSync(temporary, { force: true });
  }
  syncDirectory(dirname(path));
}

/** Makes the names in a directory survive a power cut. */
export function syncDirectory(path: string): void {
  const directory = openSync(path, constants.O_RDONLY | constants.O_DIRECTORY);
  try {
    fsyncSync(directory);
  } finally {
    closeSync(directory);
  }
}

/** One plain file name: a relay's id or a device's can lead nowhere else. */
export function secretPath(directory: string, name: string): string {
  if (!/^[a-z0-9][a-z0-9-]{0,63}\.key$/.test(name))
    throw new GatewayError('usage', `${JSON.stringify(name)} is no name of a secret`);
  return join(directory, 'pki', name);
}

/** Whether the operating system refused with one of these. */
export function hasCode(error: unknown, ...codes: readonly string[]): boolean {
  return error instanceof Error && 'code' in error && codes.includes(String(error.code));
}

function modeText(mode: number): string {
  return (mode & 0o777).toString(8);
}
