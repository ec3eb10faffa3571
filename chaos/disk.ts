import { spawnSync } from 'node:child_process';
import { closeSync, openSync, readSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';

/** Order, countdown, and how many writes found no room. */
const ordersBytes = 12;

/** What the disk does at its next chance; numbers as in unsynced.c. */
const orders = {
  none: 0,
  /** The process dies with half of a write to the write-ahead log done. */
  'die-in-write': 1,
  /** All is written, nothing is synced. */
  'die-before-sync': 2,
  /** On disk, and nobody has heard of it: between commit and acknowledgement. */
  'die-after-sync': 3,
  /** Half of a page is in the database itself. */
  'die-in-checkpoint': 4,
  full: 5,
  slow: 6,
} as const;
export type DiskOrder = keyof typeof orders;

/** The disk under the gateway: it fails on command, and knows what it was never asked to keep. */
export interface Disk {
  /** Variables under which the gateway runs. */
  readonly environment: Readonly<Record<'CHAOS_UNDO' | 'CHAOS_ORDERS' | 'LD_PRELOAD', string>>;
  /** Where what unsynced writes replaced is kept. */
  readonly undoPath: string;
  /** `after` so many chances that pass unused. */
  order(order: DiskOrder, after?: number): void;
  /** Writes that found no room until now. */
  refusedWrites(): number;
  close(): void;
}

/** @throws Error that says what to install when there is no C compiler. */
export function openDisk(directory: string): Disk {
  const library = compile(directory);
  const ordersPath = join(directory, 'orders');
  const undoPath = join(directory, 'undo');
  writeFileSync(ordersPath, Buffer.alloc(ordersBytes));
  const file = openSync(ordersPath, 'r+');
  return {
    environment: { CHAOS_UNDO: undoPath, CHAOS_ORDERS: ordersPath, LD_PRELOAD: library },
    undoPath,
    order(order, after = 0) {
      const bytes = Buffer.alloc(8);
      bytes.writeInt32LE(orders[order], 0);
      bytes.writeInt32LE(after, 4);
      writeSync(file, bytes, 0, bytes.length, 0);
    },
    refusedWrites() {
      const bytes = Buffer.alloc(ordersBytes);
      readSync(file, bytes, 0, bytes.length, 0);
      return bytes.readInt32LE(8);
    },
    close: () => closeSync(file),
  };
}

function compile(directory: string): string {
  const path = join(directory, 'unsynced.so');
  const source = join(import.meta.dirname, 'unsynced.c');
  const words = ['-shared', '-fPIC', '-O2', '-o', path, source, '-ldl', '-lpthread'];
  const { status, stderr, error } = spawnSync('cc', words, { encoding: 'utf8' });
  if (error) throw new Error('chaos needs a C compiler: apt-get install gcc libc6-dev');
  if (status !== 0) throw new Error(`unsynced.c does not compile:\n${stderr}`);
  return path;
}
