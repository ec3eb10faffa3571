import { createReadStream } from 'node:fs';
import { basename } from 'node:path';
import { createGunzip } from 'node:zlib';
import { GatewayError } from '../core/error.ts';
import type { FeedKind } from '../core/vulnerability.ts';
import { createArraySplitter, NotWhole } from '../vulnerabilities/array-splitter.ts';
import { epssHead, scoreDateOf } from '../vulnerabilities/feeds/epss.ts';
import { LineTooLong, linesOf } from './lines.ts';

/** One piece of a feed: an entry, or at the end what the feed says of itself. */
export type FeedPiece =
  | { readonly entry: unknown }
  /** When it was published, by its own words; undefined where it does not say. */
  | { readonly publishedAt: number | undefined };

export const entryBytesMax = 16_777_216;

/**
 * The entries of a feed as it was downloaded, gzipped (`.gz`) or not, one after the other.
 *
 * @throws GatewayError `feed-damaged` for a feed that is not whole; `feed-unreadable`.
 */
export async function* readFeedFile(path: string, kind: FeedKind): AsyncIterable<FeedPiece> {
  const name = basename(path);
  try {
    const bytes = bytesOf(path);
    if (kind === 'epss') yield* readRows(bytes);
    else if (kind === 'nvd' || kind === 'kev') yield* readArray(bytes);
    else yield* readDocument(bytes);
  } catch (cause) {
    throw feedError(cause, name);
  }
}

function feedError(cause: unknown, name: string): unknown {
  if (cause instanceof LineTooLong) {
    return new GatewayError('feed-damaged', `${name}: a line is too long`, { cause });
  }
  if (cause instanceof NotWhole || cause instanceof SyntaxError) {
    return new GatewayError('feed-damaged', `${name}: ${cause.message}`, { cause });
  }
  if (!(cause instanceof Error && 'code' in cause)) return cause;
  if (cause instanceof GatewayError) return cause;
  const isCut = String(cause.code).startsWith('Z_');
  return new GatewayError(isCut ? 'feed-damaged' : 'feed-unreadable', `${name}: ${cause.message}`, {
    cause,
  });
}

async function* bytesOf(path: string): AsyncIterable<Buffer> {
  const file = createReadStream(path);
  if (!path.endsWith('.gz')) return yield* file;
  const unzipped = createGunzip();
  file.on('error', (error) => unzipped.destroy(error));
  yield* file.pipe(unzipped);
}

/** NVD 2.0 and KEV: `{…,"vulnerabilities":[…]}`, of which both state how many there are. */
async function* readArray(bytes: AsyncIterable<Buffer>): AsyncIterable<FeedPiece> {
  const splitter = createArraySplitter('vulnerabilities', entryBytesMax);
  let count = 0;
  for await (const piece of bytes) {
    for (const text of splitter.push(piece)) {
      count += 1;
      yield { entry: JSON.parse(text) as unknown };
    }
  }
  const {
    resultsPerPage,
    count: stated = resultsPerPage,
    timestamp,
    dateReleased,
  } = splitter.end();
  if (stated !== undefined && stated !== count) {
    throw new NotWhole(`it has ${count} entries and says ${String(stated)}`);
  }
  yield { publishedAt: momentOf(timestamp ?? dateReleased) };
}

/** EPSS: a comment with its date, a head, and rows. Only a line feed at the end shows that it is whole. */
async function* readRows(bytes: AsyncIterable<Buffer>): AsyncIterable<FeedPiece> {
  let publishedAt: number | undefined;
  let hasHead = false;
  let isWhole = false;
  for await (const { text, isEnded } of linesOf(bytes, rowBytesMax)) {
    const row = text.trim();
    isWhole = isEnded;
    if (row.startsWith('#')) publishedAt ??= momentOf(scoreDateOf(row));
    else if (!hasHead) {
      if (row !== epssHead) throw new NotWhole(`it does not begin with ${epssHead}`);
      hasHead = true;
    } else if (row !== '') yield { entry: row };
  }
  if (!hasHead || !isWhole) throw new NotWhole('it breaks off');
  yield { publishedAt };
}

const rowBytesMax = 4_096;

/** CSAF, OpenVEX, CycloneDX and OSV: a document is an entry, and says its own time in it. */
async function* readDocument(bytes: AsyncIterable<Buffer>): AsyncIterable<FeedPiece> {
  const parts: Buffer[] = [];
  let length = 0;
  for await (const piece of bytes) {
    length += piece.length;
    if (length > entryBytesMax) throw new NotWhole(`more than ${entryBytesMax} bytes`);
    parts.push(piece);
  }
  const entry = JSON.parse(Buffer.concat(parts).toString('utf8')) as unknown;
  yield { entry };
  yield { publishedAt: documentMoment(entry) };
}

/** The newest time that a document states where its form keeps it. */
function documentMoment(entry: unknown): number | undefined {
  const at = (...path: string[]) =>
    path.reduce<unknown>(
      (value, key) =>
        typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[key] : 0,
      entry,
    );
  const moments = [
    at('document', 'tracking', 'current_release_date'),
    at('last_updated'),
    at('timestamp'),
    at('metadata', 'timestamp'),
    at('modified'),
  ].map(momentOf);
  return moments.find((each) => each !== undefined);
}

function momentOf(value: unknown): number | undefined {
  if (typeof value !== 'string') return undefined;
  // NVD leaves out the zone and means UTC; EPSS writes +0000.
  const text = /[T ]\d\d:\d\d(:[\d.]+)?$/.test(value) ? `${value}Z` : value;
  const at = Date.parse(text.replace(/([+-]\d\d)(\d\d)$/, '$1:$2'));
  return Number.isFinite(at) ? at : undefined;
}
