import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { globSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import decodeCommand from '../../gateway/cli/decode.ts';
import { loadProfiles } from '../../gateway/site/profiles.ts';

const root = join(import.meta.dirname, '../..');
const fixtures = join(root, 'test/fixtures');
const profiles = [...(await loadProfiles()).values()];
const cases = globSync('*/*/input.{hex,txt}', { cwd: fixtures }).sort();

async function decode(profile: string, file: string, chunk: number): Promise<string[]> {
  const lines: string[] = [];
  const take = (line: string) => {
    // The gateway’s own time is another at each run.
    lines.push(line.replace(/"at":"[^"]*"/g, ''));
  };
  await decodeCommand.run?.({
    arguments: [file],
    options: decodeCommand.options?.parse({ profile, chunk }),
    print: take,
    remark: take,
    signal: new AbortController().signal,
  });
  return lines;
}

it.each(cases)('reads %s the same a byte, seven bytes and all bytes at a time', async (path) => {
  const protocol = dirname(dirname(path));
  const profile = profiles.find(({ link }) => link.protocol === protocol);
  const folder = mkdtempSync(join(tmpdir(), 'wardgate-decode-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const file = join(folder, 'capture');
  const text = readFileSync(join(fixtures, path));
  const isHex = path.endsWith('.hex');
  writeFileSync(file, isHex ? Buffer.from(text.toString().replace(/\s|#.*/g, ''), 'hex') : text);
  const whole = await decode(profile?.id ?? '', file, 65_536);
  expect(whole.at(-1)).toContain('"summary"');
  expect(await decode(profile?.id ?? '', file, 1)).toEqual(whole);
  expect(await decode(profile?.id ?? '', file, 7)).toEqual(whole);
});

it('every wire format has a capture that is decoded', () => {
  const protocols = new Set(profiles.map(({ link }) => link.protocol));
  const read = new Set(cases.map((path) => dirname(dirname(path))));
  expect([...protocols].filter((id) => !read.has(id))).toEqual([]);
});

it('ends when whoever read its output is gone, though the capture goes on', async () => {
  const words = ['decode', '--profile', 'masimo-rad-8', '-'];
  const child = spawn(process.execPath, [join(root, 'gateway/main.ts'), ...words], {
    stdio: ['pipe', 'pipe', 'inherit'],
    timeout: 60_000,
    killSignal: 'SIGKILL',
  });
  const exited = once(child, 'exit');
  const input = readFileSync(join(fixtures, 'masimo-ascii/rad-8/input.txt'));
  child.stdin.on('error', () => undefined);
  // As from a device: it never ends by itself.
  const feed = () => {
    if (child.stdin.writable) child.stdin.write(input, () => setImmediate(feed));
  };
  feed();
  await once(child.stdout, 'data');
  child.stdout.destroy();
  expect(await exited).toEqual([0, null]);
});
