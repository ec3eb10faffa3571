import {
  closeSync,
  constants,
  existsSync,
  fstatSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  readSync,
  renameSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { checkpointLine, readCheckpoint } from '../audit/checkpoint.ts';
import type { Checkpoint } from '../core/audit-entry.ts';
import { GatewayError } from '../core/error.ts';

/** The signed statements about the audit trail, outside the database: one line each. */
export interface CheckpointFile {
  append(checkpoint: Checkpoint): void;
  list(): readonly Checkpoint[];
  /** The newest ones about the chain, read from the file's end; the newest last. */
  recent(): readonly Checkpoint[];
  /** Replaces the file: what it said about entries that are gone is of no use any more. */
  replace(checkpoints: readonly Checkpoint[]): void;
}

/** The trail is pruned long before its checkpoints fill this. */
const fileBytesMax = 64 * 2 ** 20;

export function checkpointPath(directory: string): string {
  return join(directory, 'audit', 'checkpoints.jsonl');
}

/** Whoever appends or replaces holds the database's write lock, so that no other process does. */
export function openCheckpointFile(directory: string): CheckpointFile {
  const path = checkpointPath(directory);
  return {
    append(checkpoint) {
      const flags = constants.O_RDWR | constants.O_CREAT | constants.O_APPEND;
      // A power cut may have torn the last line: it must not swallow this one.
      write(path, flags, (file) => `${endsInLine(file) ? '' : '\n'}${textOf([checkpoint])}`);
    },
    list: () => (existsSync(path) ? readCheckpoints(path) : []),
    recent: () => (existsSync(path) ? checkpointsIn(tailOf(path)) : []),
    replace(checkpoints) {
      const flags = constants.O_WRONLY | constants.O_CREAT | constants.O_TRUNC;
      write(`${path}.new`, flags, () => textOf(checkpoints));
      renameSync(`${path}.new`, path);
    },
  };
}

/** The file's end holds the newest: at least a dozen lines. */
const tailBytes = 8_192;

function tailOf(path: string): string {
  const file = openSync(path, 'r');
  try {
    const { size } = fstatSync(file);
    const tail = Buffer.alloc(Math.min(size, tailBytes));
    readSync(file, tail, 0, tail.length, size - tail.length);
    return tail.toString('utf8');
  } finally {
    closeSync(file);
  }
}

function checkpointsIn(text: string): readonly Checkpoint[] {
  return text
    .split('\n')
    .map(readCheckpoint)
    .filter((checkpoint) => checkpoint !== undefined)
    .filter(({ kind }) => kind === 'checkpoint');
}

function textOf(checkpoints: readonly Checkpoint[]): string {
  return checkpoints.map((checkpoint) => `${checkpointLine(checkpoint)}\n`).join('');
}

/** On the disk when it returns. */
function write(path: string, flags: number, text: (file: number) => string): void {
  try {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    const file = openSync(path, flags, 0o600);
    try {
      writeFileSync(file, text(file));
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
  } catch (cause) {
    throw new GatewayError('store-full', `${path}: ${String(cause)}`, { cause });
  }
}

/**
 * The checkpoints in a file, in its order: the site's own, or what a log collector kept.
 *
 * @throws GatewayError `checkpoints-unreadable`.
 */
export function readCheckpoints(path: string): readonly Checkpoint[] {
  return readText(path)
    .split('\n')
    .map(readCheckpoint)
    .filter((checkpoint) => checkpoint !== undefined);
}

function readText(path: string): string {
  let file: number;
  try {
    file = openSync(path, 'r');
  } catch (cause) {
    throw new GatewayError('checkpoints-unreadable', `${path}: ${String(cause)}`, { cause });
  }
  try {
    if (fstatSync(file).size > fileBytesMax) {
      throw new GatewayError('checkpoints-unreadable', `${path} is too large to be checkpoints`);
    }
    return readFileSync(file, 'utf8');
  } finally {
    closeSync(file);
  }
}

function endsInLine(file: number): boolean {
  const { size } = fstatSync(file);
  if (size === 0) return true;
  const last = Buffer.alloc(1);
  readSync(file, last, 0, 1, size - 1);
  return last.toString('latin1') === '\n';
}
