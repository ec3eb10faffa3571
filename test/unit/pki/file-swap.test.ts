import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { finishSwap, swapFiles } from '../../../gateway/pki/file-swap.ts';

function makeFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'wardgate-swap-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  writeFileSync(join(folder, 'server.key'), 'old key', { mode: 0o600 });
  writeFileSync(join(folder, 'server.pem'), 'old certificate');
  return folder;
}

const contentsOf = (folder: string) =>
  Object.fromEntries(
    readdirSync(folder).map((name) => [name, readFileSync(join(folder, name), 'utf8')]),
  );

it('replaces all of them, keys for their owner alone, and leaves nothing else behind', () => {
  const folder = makeFolder();
  swapFiles(folder, { 'server.key': 'new key', 'server.pem': 'new certificate' });
  expect(contentsOf(folder)).toEqual({ 'server.key': 'new key', 'server.pem': 'new certificate' });
  expect(statSync(join(folder, 'server.key')).mode & 0o777).toBe(0o600);
});

it('is finished by the next one who looks when the power failed in the middle', () => {
  const folder = makeFolder();
  // The key has moved to its place, the certificate has not.
  mkdirSync(join(folder, '.committed'));
  writeFileSync(join(folder, 'server.key'), 'new key');
  writeFileSync(join(folder, '.committed', 'server.pem'), 'new certificate');
  finishSwap(folder);
  expect(contentsOf(folder)).toEqual({ 'server.key': 'new key', 'server.pem': 'new certificate' });
});

it('never happened when the power failed before all files were written', () => {
  const folder = makeFolder();
  mkdirSync(join(folder, `.staged-${process.pid}`));
  writeFileSync(join(folder, `.staged-${process.pid}`, 'server.key'), 'half a k');
  finishSwap(folder);
  expect(readFileSync(join(folder, 'server.key'), 'utf8')).toBe('old key');
  swapFiles(folder, { 'server.pem': 'new certificate' });
  expect(contentsOf(folder)).toEqual({ 'server.key': 'old key', 'server.pem': 'new certificate' });
});
