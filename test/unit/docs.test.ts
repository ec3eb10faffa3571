import { existsSync, globSync, readdirSync, readFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Command } from '../../gateway/command.ts';
import { failures } from '../../gateway/core/error.ts';
import { generate, loadCommands, optionFlag } from '../../scripts/docs.ts';

/** What the documents say must be so. A document is under test from the moment it exists. */
const root = join(import.meta.dirname, '../..');
const read = (path: string) => readFileSync(join(root, path), 'utf8');
const documents = globSync(['*.md', 'docs/**/*.md'], { cwd: root }).sort();
const generated = [...(await generate())];
const commands = await loadCommands();

it.each(generated)('%s says what the code says', (path, text) => {
  expect(read(path), 'run node scripts/docs.ts').toBe(text);
});

it('every document an error remedy names is there', () => {
  const named = Object.values(failures).flatMap(({ remedy }) =>
    remedy.match(/docs\/[\w./-]+\.md/g),
  );
  const paths = named.filter((path) => path !== null);
  expect(paths.length).toBeGreaterThan(0);
  expect(paths.filter((path) => !existsSync(join(root, path)))).toEqual([]);
});

describe.each(documents)('%s', (path) => {
  it('links to files that are there', () => {
    const links = [...read(path).matchAll(/\]\(([^)#\s]+)[^)]*\)|src(?:set)?="([^"]+)"/g)]
      .map(([, link, image]) => link ?? image ?? '')
      .filter((link) => !/^[a-z]+:/.test(link));
    expect(links.filter((link) => !existsSync(join(root, dirname(path), link)))).toEqual([]);
  });

  it('shows command lines that the gateway takes', () => {
    expect(commandLinesOf(read(path)).flatMap(faultsOf)).toEqual([]);
  });
});

it('ARCHITECTURE.md has a line for every folder of the gateway', () => {
  const folders = readdirSync(join(root, 'gateway'), { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => `${name}/`);
  const text = read('ARCHITECTURE.md');
  expect(folders.filter((folder) => !text.includes(`  ${folder}`))).toEqual([]);
});

describe('decisions', () => {
  const records = globSync('docs/adr/*.md', { cwd: root }).sort();

  it('are numbered one after the other', () => {
    const numbers = records.map((path) => Number(basename(path).slice(0, 4)));
    expect(numbers).toEqual(records.map((_, index) => index + 1));
  });

  it.each(records)('%s says why, what, and what follows', (path) => {
    const text = read(path);
    const number = Number(basename(path).slice(0, 4));
    expect(text).toMatch(new RegExp(`^# ${number}\\. `));
    for (const heading of ['## Context', '## Decision', '## Consequences']) {
      expect(text).toContain(heading);
    }
  });
});

/** `wardgate ...` in blocks of code, without what a shell adds. */
function commandLinesOf(text: string): string[] {
  return [...text.matchAll(/^```sh\n([\s\S]*?)^```/gm)]
    .flatMap(([, block = '']) => block.replaceAll('\\\n', ' ').split('\n'))
    .map((line) => /^(?:npx )?wardgate (?<words>[^#|>&;]*)/.exec(line)?.groups?.['words']?.trim())
    .filter((words) => words !== undefined);
}

/** Which word of a command line is no command or no option of its command. */
function faultsOf(line: string): string[] {
  const words = line.split(/\s+/);
  let command: Command | undefined;
  let below: readonly Command[] = commands;
  for (const word of words) {
    const next = below.find(({ name }) => name === word);
    if (!next) break;
    command = next;
    below = next.commands ?? [];
  }
  if (!command) return [`${line}: no such command`];
  const known = ['--help', ...Object.keys(command.options?.shape ?? {}).map(optionFlag)];
  return words
    .filter((word) => word.startsWith('--') && !known.includes(word))
    .map((word) => `${line}: no option ${word}`);
}
