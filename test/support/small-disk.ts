import { spawnSync } from 'node:child_process';
import { mkdirSync, statfsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';

const diskBytes = 24 * 2 ** 20;

/** A small disk of this test's own; undefined where mounting is not permitted. */
export function mountDisk(folder: string): string | undefined {
  const disk = join(folder, 'disk');
  mkdirSync(disk);
  const options = `size=${diskBytes},mode=0700`;
  const mount = spawnSync('/bin/mount', ['-t', 'tmpfs', '-o', options, 'tmpfs', disk]);
  if (mount.status !== 0) return undefined;
  onTestFinished(() => void spawnSync('/bin/umount', ['-l', disk]));
  return disk;
}

/** Returns the file that has to go to have room again. */
export function fill(disk: string, leftBytes: number): string {
  const { bavail, bsize } = statfsSync(disk);
  const filler = join(disk, 'filler');
  writeFileSync(filler, Buffer.alloc(bavail * bsize - leftBytes));
  return filler;
}
