import { createReadStream } from 'node:fs';
import { type FileHandle, mkdir, open } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { z } from 'zod';
import { GatewayError } from '../core/error.ts';

/** A file to be packed: under which path, and where it is or what it says. */
export interface PackedFile {
  /** Relative, with slashes. */
  readonly path: string;
  readonly from: string | Buffer;
  readonly bytes: number;
}

/** What stands before each file, as a line of JSON. The last line has no file. */
const Head = z.union([
  z.strictObject({ path: z.string(), bytes: z.int().min(0) }),
  z.strictObject({ end: z.literal(true), files: z.int().min(0) }),
]);

const headBytesMax = 8_192;
const filesMax = 100_000;
const pathLengthMax = 1_024;

/**
 * The inner form of a backup: for each file a line {"path":…,"bytes":…} and that many bytes, at last
 * a line {"end":true,"files":…}.
 *
 * @throws GatewayError `backup-unwritable` when a file changes its length meanwhile.
 */
export async function* pack(files: Iterable<PackedFile>): AsyncIterable<Uint8Array> {
  let count = 0;
  for (const { path, from, bytes } of files) {
    yield line({ path, bytes });
    let written = 0;
    for await (const piece of typeof from === 'string' ? createReadStream(from) : [from]) {
      written += piece.length;
      yield piece as Buffer;
    }
    if (written !== bytes) {
      throw new GatewayError('backup-unwritable', `${path} changed while it was read; try again`);
    }
    count += 1;
  }
  yield line({ end: true, files: count });
}

/**
 * Writes the files of a backup below a directory, on the disk when it ends. Every file is for its
 * owner alone, whatever it was.
 *
 * @throws GatewayError `backup-damaged`.
 */
export async function unpack(
  content: AsyncIterable<Uint8Array>,
  directory: string,
): Promise<readonly string[]> {
  const reader = createReader(content);
  const paths: string[] = [];
  for (;;) {
    const head = await readHead(reader);
    if ('end' in head) {
      const isWhole = head.files === paths.length && (await reader.take(1)).length === 0;
      if (!isWhole) throw new GatewayError('backup-damaged', 'it holds other files than it says');
      return paths;
    }
    if (!isSafe(head.path) || paths.length >= filesMax) {
      throw new GatewayError('backup-damaged', 'it holds a file that no site has');
    }
    await writeFile(reader, join(directory, head.path), head.bytes);
    paths.push(head.path);
  }
}

function line(head: z.input<typeof Head>): Buffer {
  return Buffer.from(`${JSON.stringify(head)}\n`);
}

/** Below the directory and nowhere else. */
function isSafe(path: string): boolean {
  const isPlain = (part: string) => part !== '' && part !== '.' && part !== '..';
  return path.length <= pathLengthMax && !path.includes('\0') && path.split('/').every(isPlain);
}

async function writeFile(reader: Reader, path: string, bytes: number): Promise<void> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  // Never a second time, and never through a link: nothing is there that this did not make.
  const file: FileHandle = await open(path, 'wx', 0o600);
  try {
    for (let left = bytes; left > 0; ) {
      const piece = await reader.take(Math.min(left, pieceBytes));
      if (piece.length === 0) throw new GatewayError('backup-damaged', 'a file is not whole');
      await file.write(piece);
      left -= piece.length;
    }
    await file.sync();
  } finally {
    await file.close();
  }
}

const pieceBytes = 65_536;

interface Reader {
  /** At most so many bytes; none at the end. */
  take(bytesMax: number): Promise<Buffer>;
}

function createReader(content: AsyncIterable<Uint8Array>): Reader {
  const pieces = content[Symbol.asyncIterator]();
  let held: Buffer = Buffer.alloc(0);
  return {
    async take(bytesMax) {
      while (held.length === 0) {
        const { done, value } = await pieces.next();
        if (done) return held;
        held = Buffer.from(value);
      }
      const taken = held.subarray(0, bytesMax);
      held = held.subarray(taken.length);
      return taken;
    },
  };
}

async function readHead(reader: Reader): Promise<z.output<typeof Head>> {
  const bytes: number[] = [];
  for (;;) {
    const [byte] = await reader.take(1);
    if (byte === undefined || bytes.length >= headBytesMax) break;
    if (byte === 0x0a) return parseHead(Buffer.from(bytes).toString('utf8'));
    bytes.push(byte);
  }
  throw new GatewayError('backup-damaged', 'a file’s head is not whole');
}

function parseHead(text: string): z.output<typeof Head> {
  try {
    return Head.parse(JSON.parse(text));
  } catch (cause) {
    throw new GatewayError('backup-damaged', 'a file’s head is unreadable', { cause });
  }
}
