import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { z } from 'zod';
import { admission } from './admission.ts';
import { connects } from './connects.ts';
import { kinds } from './delivery/destination.ts';
import { delivery } from './delivery.ts';
import { detectionCost } from './detection-cost.ts';
import { detectionTime } from './detection-time.ts';
import { endToEnd } from './end-to-end.ts';
import { handshakes } from './handshakes.ts';
import { inference } from './inference.ts';
import { compileLoadProgram } from './load/program.ts';
import { describeMachine } from './machine.ts';
import { memory } from './memory.ts';
import { protocols } from './protocols.ts';
import { pubackLatency } from './puback-latency.ts';
import type { Bench, Question } from './question.ts';
import { rama } from './rama.ts';
import { start } from './start.ts';
import { toMarkdown } from './table.ts';
import { vulnerabilities } from './vulnerabilities.ts';
import { makeWard } from './ward.ts';

/** `npm run bench`: figures as ratios between peers that are measured in turn, in one run. */

const questions: readonly Question[] = [
  start,
  inference,
  protocols,
  admission,
  rama,
  vulnerabilities,
  connects,
  handshakes,
  pubackLatency,
  endToEnd,
  delivery,
  memory,
  detectionTime,
  detectionCost,
];
const devices = 1_000;

const help = `Usage: npm run bench -- [QUESTION ...] [options]

Questions (all of them when none is named):
${questions.map(({ name, summary }) => `  ${name.padEnd(16)}${summary}`).join('\n')}

Options:
  --seconds N    how long one measurement lasts (default: 3)
  --rounds N     how often each server is measured, in turn (default: 3)
  --minutes N    how long the load of the memory question lasts (default: 1)
  --observations N
                 the backlog of the delivery question (default: 100000)
  --destination KIND
                 the one kind the delivery question asks (default: all four)
  --profile DIR  the gateway writes CPU profiles there; its figures then mean nothing
  --json         one JSON object instead of tables
  --help

Example:
  $ npm run bench -- end-to-end --seconds 5
`;

const Options = z.strictObject({
  seconds: z.coerce.number().min(0.5).max(120).default(3),
  rounds: z.coerce.number().int().min(1).max(50).default(3),
  minutes: z.coerce.number().min(0.1).max(60).default(1),
  observations: z.coerce.number().int().min(1_000).max(10_000_000).default(100_000),
  destination: z.enum(kinds).optional(),
  profile: z.string().optional(),
  json: z.boolean().default(false),
  help: z.boolean().default(false),
});

process.exitCode = await main(process.argv.slice(2));

async function main(words: string[]): Promise<0 | 1 | 2> {
  const asked = readWords(words);
  if (typeof asked === 'string') {
    process.stderr.write(`bench: ${asked}\n-> npm run bench -- --help\n`);
    return 2;
  }
  if (asked.options.help) {
    process.stdout.write(help);
    return 0;
  }
  // Whatever the bench writes is its user's alone: there are private keys among it.
  process.umask(0o077);
  const directory = mkdtempSync(join(tmpdir(), 'wardgate-bench-'));
  process.on('exit', () => rmSync(directory, { recursive: true, force: true }));
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.once(signal, () => process.exit(1));
  }
  try {
    return (await answer(asked, directory)) ? 0 : 1;
  } catch (error) {
    process.stderr.write(`bench: ${error instanceof Error ? error.message : String(error)}\n`);
    // Whatever it started may still run, and would keep it.
    process.exit(1);
  }
}

interface Asked {
  readonly options: z.output<typeof Options>;
  readonly questions: readonly Question[];
}

/** What is asked, or what is wrong with how it is asked. */
function readWords(args: string[]): Asked | string {
  const value = { type: 'string' } as const;
  const flag = { type: 'boolean' } as const;
  const numbers = { seconds: value, rounds: value, minutes: value, observations: value };
  const options = { ...numbers, destination: value, profile: value };
  try {
    const { values, positionals } = parseArgs({
      args,
      options: { ...options, json: flag, help: flag },
      allowPositionals: true,
    });
    const parsed = Options.safeParse(values);
    if (!parsed.success) return z.prettifyError(parsed.error);
    const stranger = positionals.find((word) => questions.every(({ name }) => name !== word));
    if (stranger !== undefined) return `no question ${stranger}`;
    const named = questions.filter(({ name }) => positionals.includes(name));
    return { options: parsed.data, questions: named.length > 0 ? named : questions };
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

/** Whether every goal was met. */
async function answer(asked: Asked, directory: string): Promise<boolean> {
  const { options } = asked;
  const remark = (line: string) => void process.stderr.write(`${line}\n`);
  const print = (text: string) => void process.stdout.write(`${text}\n`);
  const machine = describeMachine(Date.now());
  const load = compileLoadProgram(directory);
  const ward = await makeWard(directory, devices);
  const { seconds, rounds, minutes, observations, destination, profile } = options;
  const bench: Bench = {
    ...{ directory, load, ward, seconds, rounds, minutes, observations, remark },
    ...(destination !== undefined && { destination }),
    ...(profile !== undefined && { profile }),
  };
  const { cpu, cores, memoryGb, system, node, date } = machine;
  if (!options.json) {
    print(`${date}: ${cpu}, ${cores} cores, ${memoryGb} GB, ${system}, Node ${node}`);
  }
  const answers: Record<string, unknown> = {};
  let isPassed = true;
  for (const { name, ask } of asked.questions) {
    remark(name);
    const tables = await ask(bench);
    answers[name] = tables;
    isPassed &&= tables.every((table) => table.isPassed !== false);
    if (!options.json) for (const table of tables) print(`\n${toMarkdown(table)}`);
  }
  if (options.json) print(JSON.stringify({ machine, answers }));
  return isPassed;
}
