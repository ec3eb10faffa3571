import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { z } from 'zod';
import { describeMachine } from '../bench/machine.ts';
import { isKept, toMarkdown } from './report.ts';
import { runChaos } from './run.ts';

/** `npm run chaos`: everything goes wrong for a while; then what was acknowledged is counted. */

const help = `Usage: npm run chaos -- [options]

A real gateway with a ward of devices and one destination of each kind. Its process is killed, its power
cut, its clock jumped, its disk filled; destinations and every line fail. In the end everything that was
acknowledged must be at each destination exactly once.

Options:
  --seconds N  how long things go wrong (default: 60)
  --seed S     which faults come in which order (default: 1)
  --json       one JSON object instead of the report
  --out FILE   writes the report there besides; .json for JSON
  --help

Exit code: 0 nothing was lost or doubled; 1 something was; 2 the command line is wrong.

Example:
  $ npm run chaos -- --seconds 600 --seed 7 --out docs/chaos-report.md
`;

const Options = z.strictObject({
  seconds: z.coerce.number().min(5).max(604_800).default(60),
  seed: z.coerce.number().int().min(0).max(0xffff_ffff).default(1),
  json: z.boolean().default(false),
  out: z.string().min(1).optional(),
  help: z.boolean().default(false),
});
type Options = z.output<typeof Options>;

process.exitCode = await main(process.argv.slice(2));

async function main(words: string[]): Promise<0 | 1 | 2> {
  const options = readWords(words);
  if (typeof options === 'string') {
    process.stderr.write(`chaos: ${options} [usage]\n-> npm run chaos -- --help\n`);
    return 2;
  }
  if (options.help) {
    process.stdout.write(help);
    return 0;
  }
  // There are private keys among what it writes.
  process.umask(0o077);
  const directory = mkdtempSync(join(tmpdir(), 'wardgate-chaos-'));
  process.on('exit', () => rmSync(directory, { recursive: true, force: true }));
  const stop = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.once(signal, () => stop.abort());
  }
  try {
    return (await tell(options, directory, stop.signal)) ? 0 : 1;
  } catch (error) {
    process.stderr.write(`chaos: ${error instanceof Error ? error.message : String(error)}\n`);
    return 1;
  }
}

async function tell(options: Options, directory: string, signal: AbortSignal): Promise<boolean> {
  const { seconds, seed, json, out } = options;
  const machine = describeMachine(Date.now());
  const remark = (line: string) => void process.stderr.write(`${line}\n`);
  const result = await runChaos({ directory, seconds, seed, signal, remark });
  const command = `npm run chaos -- --seconds ${seconds} --seed ${seed}`;
  const report = toMarkdown(result, machine, command);
  const record = `${JSON.stringify({ machine, command, isKept: isKept(result), ...result })}\n`;
  if (out !== undefined) writeFileSync(out, out.endsWith('.json') ? record : report);
  process.stdout.write(json ? record : report);
  return isKept(result);
}

/** What is asked, or what is wrong with how it is asked. */
function readWords(args: string[]): Options | string {
  const value = { type: 'string' } as const;
  const flag = { type: 'boolean' } as const;
  try {
    const { values } = parseArgs({
      args,
      options: { seconds: value, seed: value, json: flag, out: value, help: flag },
    });
    const parsed = Options.safeParse(values);
    return parsed.success ? parsed.data : z.prettifyError(parsed.error);
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
