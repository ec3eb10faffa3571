import { isUtf8 } from 'node:buffer';
import {
  type FSWatcher,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  watch,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { Tell, Watch } from './watch.ts';

/** Folders of the site directory whose texts are kept in mind; the database is not among them. */
const folders = ['.', 'profiles', 'pki', 'models'];
const filesMax = 512;
const fileBytesMax = 256 * 1_024;
/** Nothing reads or writes it: whoever touches it goes through the folder file by file. */
export const canary = '0-do-not-touch.txt';
const canaryText =
  'Nothing reads this file. Whoever writes, renames or deletes it is taken for an intruder.\n';
/** For so long after a sign the intruder is looked for, and what it struck is put back. */
const episodeMs = 3_000;
/** By then it shows what was struck and who did it. */
const tellAfterMs = 300;
const sweepEveryMs = 20;

export interface SiteFileOptions {
  readonly directory: string;
  /** Ends who writes there and should not; returns how many. */
  readonly endWriters: () => Promise<number>;
}

interface Kept {
  readonly bytes: Buffer;
  readonly mode: number;
}

/**
 * Keeps the texts of a site in memory, and puts them back when something scrambles them: a file that
 * was a text and is none any more, or a canary that was touched, is how encryption for ransom begins.
 */
export function watchSiteFiles(options: SiteFileOptions, tell: Tell): Watch {
  return new KeptFiles(options, tell);
}

class KeptFiles implements Watch {
  readonly #options: SiteFileOptions;
  readonly #tell: Tell;
  readonly #texts = new Map<string, Kept>();
  readonly #watchers: FSWatcher[] = [];
  /** Told by the kernel, and not looked at yet. */
  readonly #pending = new Set<string>();
  #isStruck = false;
  #isClosed = false;

  constructor(options: SiteFileOptions, tell: Tell) {
    this.#options = options;
    this.#tell = tell;
    writeCanary(options.directory);
    for (const folder of folders) this.#follow(folder);
  }

  close(): void {
    this.#isClosed = true;
    for (const watcher of this.#watchers) watcher.close();
  }

  #follow(folder: string): void {
    const full = join(this.#options.directory, folder);
    const pathOf = (name: string) => (folder === '.' ? name : `${folder}/${name}`);
    if (!statSync(full, { throwIfNoEntry: false })?.isDirectory()) return;
    const watcher = watch(full, (_event, name) => {
      if (name !== null) this.#look(pathOf(name));
    });
    // A folder that goes away is put back when somebody struck it.
    watcher.on('error', () => undefined);
    this.#watchers.push(watcher.unref());
    for (const name of readdirSync(full).slice(0, filesMax)) this.#see(pathOf(name));
  }

  /** Once for all the kernel says of it in this turn of the loop. */
  #look(path: string): void {
    if (this.#pending.has(path)) return;
    this.#pending.add(path);
    setImmediate(() => {
      this.#pending.delete(path);
      if (!this.#isClosed) this.#see(path);
    });
  }

  #see(path: string): void {
    const bytes = read(this.#options.directory, path);
    const before = this.#texts.get(path);
    if (path === canary) {
      if (bytes?.toString() !== canaryText) void this.#strike(path, 'canary');
    } else if (bytes && isText(bytes)) {
      if (before && isSettings(path) && !before.bytes.equals(bytes)) {
        this.#tell({ kind: 'settings-file-changed', path });
      }
      if (!this.#isStruck) this.#keep(path, bytes);
    } else if (bytes && before) void this.#strike(path, 'scrambled');
    // Removed in peace: by a command, or a person.
    else if (!bytes && before) setTimeout(() => this.#forget(path), episodeMs).unref();
  }

  #keep(path: string, bytes: Buffer): void {
    if (this.#texts.size >= filesMax && !this.#texts.has(path)) return;
    const stats = statSync(join(this.#options.directory, path), { throwIfNoEntry: false });
    this.#texts.set(path, { bytes, mode: stats?.mode ?? 0o600 });
  }

  #forget(path: string): void {
    if (!this.#isStruck && !read(this.#options.directory, path)) this.#texts.delete(path);
  }

  async #strike(path: string, sign: 'scrambled' | 'canary'): Promise<void> {
    if (this.#isStruck || this.#isClosed) return;
    this.#isStruck = true;
    const { directory, endWriters } = this.#options;
    const began = performance.now();
    const restored = new Set<string>();
    let ended = 0;
    let isTold = false;
    while (performance.now() < began + episodeMs && !this.#isClosed) {
      ended += await endWriters();
      for (const each of putBack(directory, this.#texts)) restored.add(each);
      if (!isTold && performance.now() >= began + tellAfterMs) {
        isTold = true;
        this.#tell({ kind: 'site-files-struck', path, sign, restored: restored.size, ended });
      }
      await delay(sweepEveryMs);
    }
    this.#isStruck = false;
  }
}

function isSettings(path: string): boolean {
  return path === 'wardgate.yaml' || path.startsWith('profiles/');
}

/** Cipher text of more than a few bytes is no UTF-8. */
function isText(bytes: Buffer): boolean {
  return isUtf8(bytes) && !bytes.includes(0);
}

function read(directory: string, path: string): Buffer | undefined {
  try {
    const full = join(directory, path);
    const stats = statSync(full);
    return stats.isFile() && stats.size <= fileBytesMax ? readFileSync(full) : undefined;
  } catch {
    // It is gone, or it is being replaced.
    return undefined;
  }
}

/** What is gone or scrambled comes back as it was. Returns which. */
function putBack(directory: string, texts: ReadonlyMap<string, Kept>): readonly string[] {
  const back: string[] = [];
  for (const [path, { bytes, mode }] of texts) {
    const now = read(directory, path);
    if (now && isText(now)) continue;
    try {
      mkdirSync(dirname(join(directory, path)), { recursive: true });
      writeFileSync(join(directory, path), bytes, { mode: mode & 0o777 });
      back.push(path);
    } catch {
      // The disk is full, or the folder is taken away: the next sweep tries again.
    }
  }
  writeCanary(directory);
  return back;
}

function writeCanary(directory: string): void {
  const path = join(directory, canary);
  if (read(directory, canary)?.toString() === canaryText) return;
  try {
    writeFileSync(path, canaryText, { mode: 0o600 });
  } catch {
    // A disk that takes nothing has other signs.
  }
}
