import {
  closeSync,
  existsSync,
  fsyncSync,
  linkSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs';
import { basename, dirname, join, relative, resolve, sep } from 'node:path';
import { type PackedFile, pack } from '../backup/archive.ts';
import { seal } from '../backup/sealing.ts';
import { GatewayError } from '../core/error.ts';
import { syncDirectory } from '../pki/secrets.ts';
import { checkpointPath } from '../store/checkpoints.ts';
import { feedFiles } from '../store/feeds.ts';
import { commandActor, openSiteStore } from './site.ts';

/** Files that live only as long as a backup is made. */
const temporaryPrefix = '.wardgate-backup-';
/** The database as it is on the disk: the backup holds a copy of one moment in its place. */
const databasePath = 'store/wardgate.db';
const livePaths = [
  ...['', '-wal', '-shm', '-journal'].map((suffix) => `${databasePath}${suffix}`),
  'store/gateway.lock',
  ...feedFiles,
];

export interface BackupOptions {
  readonly directory: string;
  readonly file: string;
  readonly passphrase: string;
  readonly now: () => number;
  /** From 0 to 1. */
  readonly onProgress: (share: number) => void;
  readonly signal: AbortSignal;
}

export interface BackupReport {
  readonly files: number;
  /** Of the backup itself. */
  readonly bytes: number;
  /** Links, devices and sockets: what a backup does not hold. */
  readonly leftOut: readonly string[];
}

/**
 * Writes all of a site into one sealed file, also while its gateway runs: the database as it was at
 * one moment, with everything acknowledged until then.
 *
 * @throws GatewayError `backup-unwritable`, and whatever keeps the site from being opened.
 */
export async function backUpSite(options: BackupOptions): Promise<BackupReport> {
  const { directory, file, passphrase, now, onProgress, signal } = options;
  const target = targetOf(file, directory);
  removeLeftovers(join(directory, 'store'));
  const copy = join(directory, 'store', `${temporaryPrefix}${process.pid}.db`);
  const { store } = openSiteStore(directory);
  const audit = (outcome: 'success' | 'failure', detail: string) => {
    const what = { actor: commandActor(), action: 'site.backup', object: basename(file) } as const;
    store.audit.add({ at: now(), ...what, outcome, detail });
  };
  try {
    audit('success', 'begun');
    store.audit.checkpoint();
    // The checkpoints first: they must not know of entries that the copy lacks.
    const checkpoints = readFileSync(checkpointPath(directory));
    store.copyTo(copy);
    const { files, leftOut } = collect(directory, copy, checkpoints);
    const total = files.reduce((sum, each) => sum + each.bytes, 0);
    const content = watch(pack(files), (done) => onProgress(Math.min(1, done / total)), signal);
    const bytes = await writeNew(target, seal(content, passphrase));
    return { files: files.length, bytes, leftOut };
  } catch (error) {
    audit('failure', error instanceof GatewayError ? error.code : 'interrupted');
    throw error;
  } finally {
    rmSync(copy, { force: true });
    store.close();
  }
}

function targetOf(file: string, directory: string): string {
  const target = resolve(file);
  if (target.startsWith(`${resolve(directory)}${sep}`)) {
    throw new GatewayError('backup-unwritable', `${file} is inside the site directory`);
  }
  if (existsSync(target)) throw new GatewayError('backup-unwritable', `${file} exists`);
  return target;
}

/** What a backup left that was killed. */
function removeLeftovers(folder: string): void {
  if (!existsSync(folder)) return;
  for (const name of readdirSync(folder)) {
    if (name.startsWith(temporaryPrefix)) rmSync(join(folder, name), { force: true });
  }
}

function collect(directory: string, copy: string, checkpoints: Buffer) {
  const replaced: readonly PackedFile[] = [
    { path: databasePath, from: copy, bytes: statSync(copy).size },
    {
      path: relative(directory, checkpointPath(directory)),
      from: checkpoints,
      bytes: checkpoints.length,
    },
  ];
  const taken = new Set([...livePaths, ...replaced.map(({ path }) => path)]);
  const files = [...replaced];
  const leftOut: string[] = [];
  for (const each of readdirSync(directory, { recursive: true, withFileTypes: true })) {
    const from = join(each.parentPath, each.name);
    const path = relative(directory, from);
    if (each.isDirectory() || taken.has(path) || each.name.startsWith(temporaryPrefix)) continue;
    if (each.isFile()) files.push({ path, from, bytes: statSync(from).size });
    else leftOut.push(path);
  }
  return { files, leftOut };
}

/** Lets bytes through, counts them, and stops when it is told to. */
async function* watch(
  content: AsyncIterable<Uint8Array>,
  onBytes: (done: number) => void,
  signal: AbortSignal,
): AsyncIterable<Uint8Array> {
  let done = 0;
  for await (const piece of content) {
    if (signal.aborted) throw new GatewayError('backup-unwritable', 'it was interrupted');
    yield piece;
    done += piece.length;
    onBytes(done);
  }
}

/** Whole or not at all: it gets its name only when it is on the disk. */
async function writeNew(path: string, content: AsyncIterable<Buffer>): Promise<number> {
  const temporary = join(dirname(path), `${temporaryPrefix}${process.pid}-${basename(path)}`);
  let bytes = 0;
  try {
    const file = openSync(temporary, 'wx', 0o600);
    try {
      for await (const piece of content) bytes += writeSync(file, piece);
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
    giveName(temporary, path);
    syncDirectory(dirname(path));
    return bytes;
  } catch (cause) {
    if (cause instanceof GatewayError) throw cause;
    throw new GatewayError('backup-unwritable', `${path}: ${String(cause)}`, { cause });
  } finally {
    rmSync(temporary, { force: true });
  }
}

/** Unlike rename, link never replaces; but a memory stick's file system may know no links. */
function giveName(temporary: string, path: string): void {
  try {
    linkSync(temporary, path);
  } catch (cause) {
    const code = cause instanceof Error && 'code' in cause ? cause.code : '';
    if (code !== 'EPERM' && code !== 'ENOTSUP' && code !== 'ENOSYS') throw cause;
    renameSync(temporary, path);
  }
}
