import { globSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { describeMachine } from '../bench/machine.ts';
import type { Attack } from './attack.ts';
import { toMarkdown } from './report.ts';
import { type AttackResult, runAttack } from './run.ts';

/** `npm run attacks`: every detection's attack, run against a gateway; what it saw and what it let happen. */

const help = `Usage: npm run attacks -- [options] [ATTACK...]

Runs attacks over real sockets, on this machine alone, each against a gateway of its own on a
throw-away site. Says of each whether it was detected and after how long, whether what it was after
happened, and what became of the alarms of a monitor that had nothing to do with it. ATTACK is the
name of a file in attacks/ or its beginning, such as d05; all of them when left out.

Options:
  --json      one JSON object instead of the table
  --out FILE  writes the table there besides; .json for JSON
  --list      names the attacks
  --help

Exit code: 0 everything was detected, prevented where that is claimed, and no alarm was lost; 1 not
so; 2 the command line is wrong.

Example:
  $ npm run attacks -- d01 d10
`;

process.exitCode = await main(process.argv.slice(2));

async function main(words: string[]): Promise<0 | 1 | 2> {
  const all = await loadAttacks();
  const asked = readWords(words, [...all.keys()]);
  if (typeof asked === 'string') {
    process.stderr.write(`attacks: ${asked} [usage]\n-> npm run attacks -- --help\n`);
    return 2;
  }
  if (asked.help) process.stdout.write(help);
  else if (asked.list) {
    for (const [name, { title }] of all) process.stdout.write(`${name}  ${title}\n`);
  } else return await tell(asked, all);
  return 0;
}

async function tell(asked: Asked, all: ReadonlyMap<string, Attack>): Promise<0 | 1> {
  // There are private keys among what it writes.
  process.umask(0o077);
  const stop = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.once(signal, () => stop.abort());
  }
  const machine = describeMachine(Date.now());
  const results: AttackResult[] = [];
  for (const name of asked.names) {
    const attack = all.get(name);
    if (!attack || stop.signal.aborted) continue;
    process.stderr.write(`${name}: ${attack.title}\n`);
    try {
      results.push(await runAttack(attack, stop.signal));
    } catch (error) {
      process.stderr.write(`attacks: ${name}: ${String(error)}\n`);
    }
  }
  const isWell =
    results.length === asked.names.length && results.every(({ faults }) => faults.length === 0);
  const command = ['npm run attacks', ...(asked.isAll ? [] : ['--', ...asked.names])].join(' ');
  const table = `${toMarkdown(results, machine, command)}`;
  const record = `${JSON.stringify({ machine, command, isWell, results })}\n`;
  if (asked.out !== undefined)
    writeFileSync(asked.out, asked.out.endsWith('.json') ? record : table);
  process.stdout.write(asked.json ? record : table);
  return isWell ? 0 : 1;
}

/** By the name of the file: `<id of the threat>-<what>.ts`. */
async function loadAttacks(): Promise<ReadonlyMap<string, Attack>> {
  const files = globSync('d[0-9][0-9]-*.ts', { cwd: import.meta.dirname }).sort();
  const attacks = new Map<string, Attack>();
  for (const file of files) {
    const { default: attack } = (await import(join(import.meta.dirname, file))) as {
      default: Attack;
    };
    attacks.set(file.slice(0, -'.ts'.length), attack);
  }
  return attacks;
}

interface Asked {
  readonly names: readonly string[];
  readonly isAll: boolean;
  readonly json: boolean;
  readonly out: string | undefined;
  readonly list: boolean;
  readonly help: boolean;
}

/** What is asked, or what is wrong with how it is asked. */
function readWords(args: string[], all: readonly string[]): Asked | string {
  const flag = { type: 'boolean', default: false } as const;
  try {
    const { values, positionals } = parseArgs({
      args,
      allowPositionals: true,
      options: { json: flag, out: { type: 'string' }, list: flag, help: flag },
    });
    // A whole name is that one alone, also where another one's begins like it.
    const isMeant = (name: string, word: string) =>
      all.includes(word) ? name === word : name.startsWith(word);
    const unknown = positionals.find((word) => !all.some((name) => isMeant(name, word)));
    if (unknown !== undefined) return `no attack ${unknown}`;
    const isAll = positionals.length === 0;
    const names = all.filter((name) => isAll || positionals.some((word) => isMeant(name, word)));
    return { ...values, out: values.out, names, isAll };
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
