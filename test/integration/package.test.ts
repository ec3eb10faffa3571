import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';

const root = join(import.meta.dirname, '../..');

it('compiles to a package that runs without the sources', () => {
  const directory = mkdtempSync(join(tmpdir(), 'wardgate-package-'));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  const out = join(directory, 'package');
  const run = (...words: string[]) =>
    spawnSync(process.execPath, words, { encoding: 'utf8', timeout: 60_000 });

  expect(run(join(root, 'scripts/package.ts'), out)).toMatchObject({ status: 0, stderr: '' });
  expect(run(join(root, 'scripts/package.ts'), out)).toMatchObject({ status: 2 });
  symlinkSync(join(root, 'node_modules'), join(out, 'node_modules'));
  const { bin } = JSON.parse(readFileSync(join(out, 'package.json'), 'utf8'));
  const demo = run(join(out, bin.wardgate), 'demo', '--seconds', '5', '--json');
  expect(demo.status, demo.stderr).toBe(0);
  expect(JSON.parse(demo.stdout)).toMatchObject({ lost: 0, duplicates: 0, devices: 9 });
}, 60_000);
