import { createHash, type KeyObject } from 'node:crypto';
import { type FileHandle, open } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { GatewayError } from '../core/error.ts';
import { BundleLine } from './bundle-line.ts';
import { BundleHead, isSignedBy } from './bundle-signature.ts';
import { entryBytesMax } from './feed-file.ts';
import { LineTooLong, linesOf } from './lines.ts';

const headBytesMax = 2_048;
const bodyBytesMax = 4_294_967_296;
const unzippedBytesMax = 34_359_738_368;
/** JSON around an entry. */
const lineBytesMax = entryBytesMax + 1_024;

export interface OpenBundle {
  readonly head: BundleHead;
  /**
   * Its lines, in order, from the first feed to the end.
   *
   * @throws GatewayError `bundle-damaged`, at the latest when it ends: nothing that was read counts
   * before that.
   */
  lines(): AsyncIterable<BundleLine>;
  close(): Promise<void>;
}

/**
 * Opens a bundle that one of the trusted keys signed. All of it is hashed before any of it is
 * unpacked: bytes that nobody vouches for reach no parser.
 *
 * @throws GatewayError `bundle-unreadable`, `bundle-damaged`, `bundle-signature`.
 */
export async function openBundle(
  path: string,
  trusted: ReadonlyMap<string, KeyObject>,
): Promise<OpenBundle> {
  const file = await open(path).catch((cause: unknown) => {
    throw new GatewayError('bundle-unreadable', `${path}: ${String(cause)}`, { cause });
  });
  try {
    const { head, length } = await readHead(file);
    const key = trusted.get(head.key);
    if (!key) {
      throw new GatewayError('bundle-signature', `${path}: nobody here trusts the key ${head.key}`);
    }
    if (!isSignedBy(head, key)) throw new GatewayError('bundle-signature', path);
    const { size } = await file.stat();
    if (size !== length + head.bodyBytes || head.bodyBytes > bodyBytesMax) {
      throw new GatewayError('bundle-damaged', `${path} is ${size} bytes long`);
    }
    for await (const _ of hashed(file, length, head)) void _;
    return {
      head,
      lines: () => linesIn(file, length, head),
      close: () => file.close(),
    };
  } catch (cause) {
    await file.close();
    throw cause;
  }
}

async function readHead(file: FileHandle): Promise<{ head: BundleHead; length: number }> {
  const bytes = Buffer.alloc(headBytesMax);
  const { bytesRead } = await file.read(bytes, 0, headBytesMax, 0);
  const end = bytes.subarray(0, bytesRead).indexOf(0x0a);
  try {
    const head = BundleHead.parse(JSON.parse(bytes.toString('utf8', 0, Math.max(0, end))));
    return { head, length: end + 1 };
  } catch (cause) {
    throw new GatewayError('bundle-damaged', 'it does not begin as a bundle', { cause });
  }
}

/** The body, which must be the one that was signed each time it is read. */
async function* hashed(file: FileHandle, start: number, head: BundleHead): AsyncIterable<Buffer> {
  const hash = createHash('sha512');
  for await (const piece of file.createReadStream({ start, autoClose: false })) {
    hash.update(piece as Buffer);
    yield piece as Buffer;
  }
  if (hash.digest('hex') !== head.sha512) {
    throw new GatewayError('bundle-damaged', 'its content is not what was signed');
  }
}

async function* linesIn(file: FileHandle, start: number, head: BundleHead) {
  const unzipped = createGunzip();
  const source = Readable.from(hashed(file, start, head));
  source.on('error', (error) => unzipped.destroy(error));
  let feeds = 0;
  let isWhole = false;
  try {
    for await (const { text } of linesOf(counted(source.pipe(unzipped)), lineBytesMax)) {
      if (isWhole) throw new GatewayError('bundle-damaged', 'it goes on after its end');
      const line = BundleLine.parse(JSON.parse(text));
      if ('feed' in line) feeds += 1;
      isWhole = 'whole' in line && line.whole.feeds === feeds;
      yield line;
    }
  } catch (cause) {
    if (!(cause instanceof Error) || !isOurs(cause)) throw cause;
    throw new GatewayError('bundle-damaged', cause.message, { cause });
  } finally {
    source.destroy();
    unzipped.destroy();
  }
  if (!isWhole) throw new GatewayError('bundle-damaged', 'it breaks off');
}

/** What a bundle that was made wrong makes parsers say. Whoever takes the lines may throw, too. */
function isOurs(cause: Error): boolean {
  const isZip = 'code' in cause && String(cause.code).startsWith('Z_');
  return (
    isZip ||
    cause instanceof LineTooLong ||
    cause instanceof SyntaxError ||
    cause.name === 'ZodError'
  );
}

async function* counted(pieces: AsyncIterable<Buffer>): AsyncIterable<Buffer> {
  let bytes = 0;
  for await (const piece of pieces) {
    bytes += piece.length;
    if (bytes > unzippedBytesMax) throw new LineTooLong();
    yield piece;
  }
}
