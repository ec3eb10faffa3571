import {
  argon2,
  createCipheriv,
  createDecipheriv,
  createHash,
  randomBytes,
  timingSafeEqual,
} from 'node:crypto';
import { promisify } from 'node:util';
import { GatewayError } from '../core/error.ts';

/**
 * The outer form of a backup, so that who has the passphrase can always read it (docs/backup.md):
 *
 *     magic "wardgate-backup\n" (16 bytes), version (2, big endian), salt (16), check (16)
 *     chunks: AES-256-GCM of 65,536 bytes, the last of as many or fewer, each followed by its tag (16)
 *
 * Argon2id makes 64 bytes of passphrase and salt: 32 of key, then 32 of which the SHA-256's first 16
 * are `check`. The nonce of a chunk is its number (11 bytes, big endian) and a byte that is 1 for the
 * last chunk: no chunk can be moved, dropped or be made the last (STREAM, Hoang et al. 2015). The
 * header is the additional data of each chunk. Key and salt are new for each backup.
 */
const magic = Buffer.from('wardgate-backup\n');
const version = 1;
const saltBytes = 16;
const checkBytes = 16;
const headerBytes = magic.length + 2 + saltBytes + checkBytes;
const chunkBytes = 65_536;
const tagBytes = 16;
const nonceBytes = 12;

/** RFC 9106 4, second recommended option: Argon2id, three passes over 64 MiB, four lanes. */
const derivation = { parallelism: 4, memory: 65_536, passes: 3, tagLength: 64 } as const;

/** Seals what it is given, a chunk at a time. */
export async function* seal(
  content: AsyncIterable<Uint8Array>,
  passphrase: string,
): AsyncIterable<Buffer> {
  const salt = randomBytes(saltBytes);
  const { key, check } = await deriveKey(passphrase, salt);
  const number = Buffer.alloc(2);
  number.writeUInt16BE(version);
  const header = Buffer.concat([magic, number, salt, check]);
  yield header;
  let index = 0;
  for await (const { chunk, isLast } of chunksOf(content, chunkBytes)) {
    const cipher = createCipheriv('aes-256-gcm', key, nonceOf(index, isLast));
    cipher.setAAD(header);
    yield Buffer.concat([cipher.update(chunk), cipher.final(), cipher.getAuthTag()]);
    index += 1;
  }
}

/**
 * Opens a sealed backup and gives out only what is authentic. The end is reached only if nothing is
 * missing.
 *
 * @throws GatewayError `backup-damaged`, `backup-too-new`, `backup-passphrase`.
 */
export async function* unseal(
  sealed: AsyncIterable<Uint8Array>,
  passphrase: string,
): AsyncIterable<Buffer> {
  let opened: { readonly key: Buffer; readonly header: Buffer } | undefined;
  let index = 0;
  for await (const { chunk, isLast } of chunksOf(withoutHeader(), chunkBytes + tagBytes)) {
    if (!opened || chunk.length < tagBytes) throw damaged('it was cut off');
    const { key, header } = opened;
    const decipher = createDecipheriv('aes-256-gcm', key, nonceOf(index, isLast));
    decipher.setAAD(header);
    decipher.setAuthTag(chunk.subarray(chunk.length - tagBytes));
    const content = decipher.update(chunk.subarray(0, chunk.length - tagBytes));
    try {
      decipher.final();
    } catch {
      throw damaged(`bytes were changed, or cut off, after ${index * (chunkBytes + tagBytes)}`);
    }
    yield content;
    index += 1;
  }

  async function* withoutHeader(): AsyncIterable<Uint8Array> {
    let start = Buffer.alloc(0);
    for await (const piece of sealed) {
      if (opened) yield piece;
      else {
        start = Buffer.concat([start, piece]);
        if (start.length < headerBytes) continue;
        const header = start.subarray(0, headerBytes);
        opened = { key: await openHeader(header, passphrase), header };
        yield start.subarray(headerBytes);
      }
    }
  }
}

async function openHeader(header: Buffer, passphrase: string): Promise<Buffer> {
  if (!header.subarray(0, magic.length).equals(magic)) throw damaged('it is no backup of a site');
  const found = header.readUInt16BE(magic.length);
  if (found !== version) {
    throw new GatewayError('backup-too-new', `its version is ${found}, known is ${version}`);
  }
  const salt = header.subarray(magic.length + 2, magic.length + 2 + saltBytes);
  const { key, check } = await deriveKey(passphrase, salt);
  if (!timingSafeEqual(check, header.subarray(headerBytes - checkBytes))) {
    throw new GatewayError('backup-passphrase', 'it was not made with this passphrase');
  }
  return key;
}

async function deriveKey(passphrase: string, nonce: Buffer) {
  const message = passphrase.normalize('NFC');
  const secret = await promisify(argon2)('argon2id', { message, nonce, ...derivation });
  const check = createHash('sha256').update(secret.subarray(32)).digest().subarray(0, checkBytes);
  return { key: secret.subarray(0, 32), check };
}

function nonceOf(index: number, isLast: boolean): Buffer {
  const nonce = Buffer.alloc(nonceBytes);
  nonce.writeBigUInt64BE(BigInt(index), 3);
  nonce[nonceBytes - 1] = isLast ? 1 : 0;
  return nonce;
}

interface Chunk {
  readonly chunk: Buffer;
  readonly isLast: boolean;
}

/** Whole chunks; the last one is shorter, or empty. */
async function* chunksOf(content: AsyncIterable<Uint8Array>, size: number): AsyncIterable<Chunk> {
  let held: Buffer = Buffer.alloc(0);
  for await (const piece of content) {
    held = held.length === 0 ? Buffer.from(piece) : Buffer.concat([held, piece]);
    let start = 0;
    // One is kept back until more comes: only then it is not the last.
    for (; held.length - start > size; start += size) {
      yield { chunk: held.subarray(start, start + size), isLast: false };
    }
    held = held.subarray(start);
  }
  yield { chunk: held, isLast: true };
}

function damaged(what: string): GatewayError {
  return new GatewayError('backup-damaged', what);
}
