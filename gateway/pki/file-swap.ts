import { existsSync, mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { GatewayError } from '../core/error.ts';
import { hasCode, syncDirectory, writeNewFile } from './secrets.ts';

/** From the moment a folder has this name, its files are the ones that count. */
const committed = '.committed';

/**
 * Replaces several files of a folder as one: a key and its certificate never stand beside another
 * one's, even when the power fails in between. Keys get mode 600.
 *
 * @throws GatewayError `site-exists` while another process does the same.
 */
export function swapFiles(folder: string, contents: Readonly<Record<string, string>>): void {
  finishSwap(folder);
  const stage = join(folder, `.staged-${process.pid}`);
  rmSync(stage, { recursive: true, force: true });
  mkdirSync(stage, { mode: 0o700 });
  try {
    for (const [name, content] of Object.entries(contents))
      writeNewFile(join(stage, name), content, modeOf(name));
    renameSync(stage, join(folder, committed));
  } catch (cause) {
    rmSync(stage, { recursive: true, force: true });
    if (!hasCode(cause, 'ENOTEMPTY', 'EEXIST')) throw cause;
    throw new GatewayError('site-exists', `${folder}: another change is under way`, { cause });
  }
  syncDirectory(folder);
  finishSwap(folder);
}

/** Goes on with what a swap did not get to the end of. Whoever reads the files calls it first. */
export function finishSwap(folder: string): void {
  const source = join(folder, committed);
  if (!existsSync(source)) return;
  try {
    for (const name of readdirSync(source)) renameSync(join(source, name), join(folder, name));
    syncDirectory(folder);
    rmSync(source, { recursive: true });
  } catch (cause) {
    // Another process finishes the same swap: the files it moved are in their place.
    if (!hasCode(cause, 'ENOENT')) throw cause;
  }
  syncDirectory(folder);
}

/** Replaces one file, whole or not at all; it is for the gateway's user alone. */
export function replaceFile(path: string, content: string | Uint8Array): void {
  const staged = `${path}.staged-${process.pid}`;
  rmSync(staged, { force: true });
  writeNewFile(staged, content, 0o600);
  renameSync(staged, path);
  syncDirectory(dirname(path));
}

export function modeOf(name: string): number {
  return name.endsWith('.key') ? 0o600 : 0o644;
}
