import { createHash } from 'node:crypto';
import type { BigIntStats } from 'node:fs';
import { lstat, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { lookEvery, type Tell, type Watch } from './watch.ts';

/** SHA-256 of each file of the program, by its path below the root. */
export type Manifest = Readonly<Record<string, string>>;

/** What the program is made of; folders and files. */
const programPaths = [
  'gateway',
  'device-profiles',
  'certs',
  'models',
  'package.json',
  'package-lock.json',
];
const filesMax = 20_000;
const depthMax = 12;
const lookEveryMs = 30_000;
/** So many differences are said one by one. */
const toldMax = 16;

/** @param root where the program is installed. */
export async function readManifest(root: string): Promise<Manifest> {
  const manifest: Record<string, string> = {};
  for (const path of await list(root)) manifest[path] = await digest(join(root, path));
  return manifest;
}

interface ManifestChange {
  readonly path: string;
  readonly change: 'changed' | 'added' | 'removed';
}

function changesOf(before: Manifest, after: Manifest): readonly ManifestChange[] {
  const paths = new Set([...Object.keys(before), ...Object.keys(after)]);
  return [...paths].sort().flatMap((path): readonly ManifestChange[] => {
    if (before[path] === after[path]) return [];
    if (before[path] === undefined) return [{ path, change: 'added' }];
    return [{ path, change: after[path] === undefined ? 'removed' : 'changed' }];
  });
}

/**
 * Follows the program’s files. A file is read anew only when its change time moved, which nobody
 * can set back; each difference is told once.
 */
export function watchProgram(root: string, recorded: Manifest, tell: Tell): Watch {
  const told = new Set<string>();
  const looked = new Map<string, { readonly mark: string; readonly hash: string }>();

  async function look(): Promise<void> {
    const now: Record<string, string> = {};
    for (const path of await list(root)) {
      const mark = markOf(await lstat(join(root, path), { bigint: true }));
      const known = looked.get(path);
      const hash = known?.mark === mark ? known.hash : await digest(join(root, path));
      looked.set(path, { mark, hash });
      now[path] = hash;
    }
    for (const { path, change } of changesOf(recorded, now)) {
      const name = `${change} ${path} ${now[path] ?? ''}`;
      if (told.has(name) || told.size >= toldMax) continue;
      told.add(name);
      tell({ kind: 'program-changed', path, change });
    }
  }

  void look().catch(() => undefined);
  return lookEvery(lookEveryMs, look);
}

function markOf({ ino, size, ctimeNs }: BigIntStats): string {
  return `${ino} ${size} ${ctimeNs}`;
}

async function digest(path: string): Promise<string> {
  return createHash('sha256')
    .update(await readFile(path))
    .digest('hex');
}

/** Regular files only, in a fixed order. */
async function list(root: string): Promise<readonly string[]> {
  const paths: string[] = [];
  for (const path of programPaths) await add(root, path, 0, paths);
  return paths.sort();
}

async function add(root: string, path: string, depth: number, paths: string[]): Promise<void> {
  if (paths.length >= filesMax || depth > depthMax) return;
  const stats = await lstat(join(root, path)).catch(() => undefined);
  if (stats?.isFile()) paths.push(path);
  if (!stats?.isDirectory()) return;
  for (const name of await readdir(join(root, path))) {
    await add(root, `${path}/${name}`, depth + 1, paths);
  }
}
