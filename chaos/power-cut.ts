import {
  closeSync,
  existsSync,
  fstatSync,
  ftruncateSync,
  openSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { below, type Chance } from './chance.ts';

/** As in unsynced.c: kind, file, offset, size before, length; then what was replaced. */
const headerBytes = 32;
const wrote = 1;
const fileNames = ['wardgate.db', 'wardgate.db-wal'] as const;

/** The smallest part of a write that a disk keeps whole. */
const sectorBytes = 512;
/** One part in so many comes out as neither the old nor the new. */
const garbageEvery = 12;

/** What a power cut took. */
export interface PowerCut {
  /** Writes that no sync had followed. */
  readonly unsyncedWrites: number;
  readonly unsyncedBytes: number;
  /** Of these, bytes that are as they were before, or garbage. */
  readonly lostBytes: number;
  readonly how: Survival;
}

/** What of the unsynced writes reached the disk: all, none, or each sector by chance. */
const survivals = ['none', 'some', 'some', 'some', 'all'] as const;
type Survival = (typeof survivals)[number];

interface Write {
  readonly offset: number;
  readonly sizeBefore: number;
  readonly replaced: Buffer;
}

/**
 * Takes back what a disk was never asked to keep. Each sector of what was written since a file was
 * last synced stays as one of the versions it had meanwhile, and some are garbage; a file that grew
 * ends somewhere in between. What was synced stays untouched: that much a disk does promise.
 */
export function cutPower(store: string, undoPath: string, chance: Chance): PowerCut {
  const how = survivals[below(survivals.length, chance)] ?? 'some';
  const unsynced = readUndo(undoPath);
  let unsyncedWrites = 0;
  let unsyncedBytes = 0;
  let lostBytes = 0;
  for (const [index, name] of fileNames.entries()) {
    const writes = unsynced[index] ?? [];
    unsyncedWrites += writes.length;
    unsyncedBytes += writes.reduce((sum, { replaced }) => sum + replaced.length, 0);
    const path = join(store, name);
    if (how !== 'all' && existsSync(path)) lostBytes += takeBack(path, writes, how, chance);
  }
  // The index of the write-ahead log lives in memory alone.
  rmSync(join(store, 'wardgate.db-shm'), { force: true });
  truncateSync(undoPath, 0);
  return { unsyncedWrites, unsyncedBytes, lostBytes, how };
}

/** Per file, the writes since its last sync, in their order. */
function readUndo(path: string): readonly (readonly Write[])[] {
  const bytes = readFileSync(path);
  const writes: Write[][] = fileNames.map(() => []);
  let at = 0;
  while (at + headerBytes <= bytes.length) {
    const number = (place: number) => Number(bytes.readBigUInt64LE(at + place));
    const kind = bytes.readUInt32LE(at);
    const file = bytes.readUInt32LE(at + 4) - 1;
    const length = number(24);
    at += headerBytes;
    if (kind !== wrote) {
      writes[file] = [];
      continue;
    }
    // The process died while it noted this one: the write itself had not begun.
    if (at + length > bytes.length) break;
    const replaced = bytes.subarray(at, at + length);
    const place = at - headerBytes;
    writes[file]?.push({
      offset: Number(bytes.readBigUInt64LE(place + 8)),
      sizeBefore: Number(bytes.readBigUInt64LE(place + 16)),
      replaced,
    });
    at += length;
  }
  return writes;
}

interface Part {
  readonly offset: number;
  readonly replaced: Buffer;
}

function takeBack(path: string, writes: readonly Write[], how: Survival, chance: Chance): number {
  const [first] = writes;
  if (!first) return 0;
  let lost = 0;
  const file = openSync(path, 'r+');
  for (const versions of sectorsOf(writes).values()) {
    const kept = how === 'none' ? 0 : below(versions.length + 1, chance);
    for (const { offset, replaced } of versions.slice(kept).reverse()) {
      writeSync(file, replaced, 0, replaced.length, offset);
      lost += replaced.length;
    }
    const [last] = versions.slice(kept);
    if (last && how === 'some' && below(garbageEvery, chance) === 0) {
      const garbage = Buffer.from(last.replaced.map(() => below(256, chance)));
      writeSync(file, garbage, 0, garbage.length, last.offset);
    }
  }
  const size = fstatSync(file).size;
  const grownBytes = size - first.sizeBefore;
  if (grownBytes > 0) {
    const keptBytes = how === 'none' ? 0 : below(grownBytes + 1, chance);
    ftruncateSync(file, first.sizeBefore + keptBytes);
  }
  closeSync(file);
  return lost;
}

/** Every write cut at the sectors, by sector: what the sector was before each of its writes. */
function sectorsOf(writes: readonly Write[]): ReadonlyMap<number, readonly Part[]> {
  const sectors = new Map<number, Part[]>();
  for (const { offset, replaced } of writes) {
    for (let from = offset; from < offset + replaced.length; ) {
      const sector = Math.floor(from / sectorBytes);
      const to = Math.min((sector + 1) * sectorBytes, offset + replaced.length);
      const part = { offset: from, replaced: replaced.subarray(from - offset, to - offset) };
      const parts = sectors.get(sector);
      if (parts) parts.push(part);
      else sectors.set(sector, [part]);
      from = to;
    }
  }
  return sectors;
}
