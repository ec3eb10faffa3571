import {
  closeSync,
  fsyncSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { configFile } from '../config.ts';

/**
 * The three files of the settings. `wardgate.yaml` is what a person writes; `.last-good` is what the
 * gateway last ran well with; `.trial` is what was tried and is not known to be good: while a reload
 * is under way, and after one that was refused or reverted.
 */
const lastGoodFile = `${configFile}.last-good`;
const trialFile = `${configFile}.trial`;

/** Settings are a page or two. */
const settingsBytesMax = 1_000_000;

/** These settings run well: they are what a reload goes back to. */
export function keepLastGood(directory: string, text: string): void {
  if (read(directory, lastGoodFile) !== text) write(directory, lastGoodFile, text);
  if (read(directory, trialFile) === text) rmSync(join(directory, trialFile), { force: true });
}

/** From now on, should these settings not start, those of before do. */
export function keepTrial(directory: string, text: string): void {
  if (text.length <= settingsBytesMax) write(directory, trialFile, text);
}

/** What runs instead of these settings when they do not start; undefined where they were not tried. */
export function lastGoodFor(directory: string, text: string): string | undefined {
  if (read(directory, trialFile) !== text) return undefined;
  return read(directory, lastGoodFile);
}

/** Puts the last good settings back in their place. What was tried stays beside them. */
export function putBack(directory: string, lastGood: string): void {
  write(directory, configFile, lastGood);
}

function read(directory: string, name: string): string | undefined {
  try {
    return readFileSync(join(directory, name), 'utf8');
  } catch {
    return undefined;
  }
}

/** Whole or not at all, and on the disk when it returns. */
function write(directory: string, name: string, text: string): void {
  const path = join(directory, name);
  const file = openSync(`${path}.new`, 'w', 0o600);
  try {
    writeSync(file, text);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
  renameSync(`${path}.new`, path);
}
