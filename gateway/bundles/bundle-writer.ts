import { createHash, type KeyObject } from 'node:crypto';
import { createReadStream, createWriteStream, existsSync, rmSync, statSync } from 'node:fs';
import { rename } from 'node:fs/promises';
import { basename } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import { GatewayError } from '../core/error.ts';
import type { FeedKind } from '../core/vulnerability.ts';
import type { BundleLine } from './bundle-line.ts';
import { type BundleHead, signHead } from './bundle-signature.ts';
import { readFeedFile } from './feed-file.ts';

export interface FeedFile {
  readonly kind: FeedKind;
  readonly path: string;
}

export interface NewBundle {
  /** Nothing is there yet. */
  readonly path: string;
  readonly feeds: readonly FeedFile[];
  readonly key: KeyObject;
  readonly madeAt: number;
  readonly onEntries: (entries: number) => void;
}

/**
 * Packs feeds into one signed file: whole or not at all.
 *
 * @throws GatewayError `feed-damaged`, `feed-unreadable`, `bundle-unwritable`.
 */
export async function writeBundle(bundle: NewBundle): Promise<{ readonly entries: number }> {
  const { path, key, madeAt } = bundle;
  if (existsSync(path)) throw new GatewayError('bundle-unwritable', `${path} exists`);
  const [body, whole] = [`${path}.body`, `${path}.part`];
  const counter = { entries: 0 };
  try {
    const lines = Readable.from(linesOf(bundle, counter));
    await pipeline(lines, createGzip(), createWriteStream(body, { flags: 'wx' }));
    const head = signHead(
      {
        format: 'wardgate-vulnerabilities/1',
        madeAt,
        bodyBytes: statSync(body).size,
        sha512: await sha512Of(body),
      },
      key,
    );
    await pipeline(Readable.from(withHead(head, body)), createWriteStream(whole, { flags: 'wx' }));
    await rename(whole, path);
    return counter;
  } catch (cause) {
    if (cause instanceof GatewayError || !(cause instanceof Error && 'syscall' in cause)) {
      throw cause;
    }
    throw new GatewayError('bundle-unwritable', cause.message, { cause });
  } finally {
    for (const leftover of [body, whole]) rmSync(leftover, { force: true });
  }
}

async function* linesOf({ feeds, onEntries }: NewBundle, counter: { entries: number }) {
  for (const { kind, path } of feeds) {
    let entries = 0;
    yield line({ feed: { kind, name: basename(path) } });
    for await (const piece of readFeedFile(path, kind)) {
      if ('entry' in piece) {
        entries += 1;
        counter.entries += 1;
        onEntries(counter.entries);
        yield line({ entry: piece.entry });
      } else yield line({ end: { entries, publishedAt: piece.publishedAt } });
    }
  }
  yield line({ whole: { feeds: feeds.length } });
}

function line(content: BundleLine): string {
  return `${JSON.stringify(content)}\n`;
}

async function* withHead(head: BundleHead, body: string): AsyncIterable<string | Buffer> {
  yield `${JSON.stringify(head)}\n`;
  yield* createReadStream(body);
}

async function sha512Of(path: string): Promise<string> {
  const hash = createHash('sha512');
  for await (const piece of createReadStream(path)) hash.update(piece as Buffer);
  return hash.digest('hex');
}
