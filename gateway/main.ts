#!/usr/bin/env -S node --max-semi-space-size=4
import { globSync } from 'node:fs';
import { join } from 'node:path';
import { CommanderError, Command as Parser } from 'commander';
import { z } from 'zod';
import type { Command, ExitCode } from './command.ts';
import { type FailureCode, failures, GatewayError } from './core/error.ts';
import { version } from './version.ts';

/** The `wardgate` command: finds its commands in cli/, reads the command line, and sets the exit code. */

const folder = join(import.meta.dirname, 'cli');

// Whatever the gateway writes is its own user’s alone.
process.umask(0o077);
// Whoever read the output is gone: a gateway goes on all the same.
process.stdout.on('error', () => undefined);
process.stderr.on('error', () => undefined);
const exitCode = await main(process.argv.slice(2));
// What a command that failed has half started must not keep the process alive.
if (exitCode !== 0) process.exit(exitCode);

async function main(words: readonly string[]): Promise<ExitCode> {
  let exitCode: ExitCode = 0;
  const parser = new Parser('wardgate')
    .description('Security gateway for connected medical devices.')
    .version(version)
    .addHelpText('after', '\nExample:\n  $ wardgate init --dir /var/lib/wardgate --name ward-3b')
    .configureOutput({
      outputError: (text, write) => write(complaint(text.replace('error: ', ''), 'usage')),
    })
    .exitOverride();
  for (const command of await loadCommands(words[0])) {
    add(parser, command, (code) => {
      exitCode = code;
    });
  }
  try {
    await parser.parseAsync(words, { from: 'user' });
    return exitCode;
  } catch (error) {
    return await report(error);
  }
}

/** The one that is asked for; all of them for the help. */
async function loadCommands(asked: string | undefined): Promise<Command[]> {
  const names = globSync('*.{ts,js}', { cwd: folder }).sort();
  const wanted = names.filter((name) => name.replace(/\.[jt]s$/, '') === asked);
  const files = wanted.length > 0 ? wanted : names;
  return Promise.all(
    files.map(async (file) => ((await import(join(folder, file))) as { default: Command }).default),
  );
}

function add(parent: Parser, command: Command, onDone: (code: ExitCode) => void): void {
  const { name, summary, example, options, run } = command;
  const parser = parent
    .command(name)
    .description(summary)
    .addHelpText('after', `\nExample:\n  $ ${example}`);
  for (const argument of command.arguments ?? []) parser.argument(argument);
  if (options) addOptions(parser, options);
  for (const each of command.commands ?? []) add(parser, each, onDone);
  if (!run) return;
  parser.action(async () => {
    // An option that its parent has too is the parent’s, wherever it stands: `outbox retry --dir`.
    const given = parser.optsWithGlobals();
    const parsed = (options ?? z.strictObject({})).safeParse(given);
    if (!parsed.success) throw new GatewayError('usage', z.prettifyError(parsed.error));
    const stop = new AbortController();
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stop.abort());
    onDone(
      await run({
        arguments: parser.args,
        options: parsed.data,
        print: (line) => void process.stdout.write(`${line}\n`),
        remark: (line) => void process.stderr.write(`${line}\n`),
        signal: stop.signal,
      }),
    );
  });
}

interface OptionSchema {
  readonly type?: string;
  readonly description?: string;
  readonly default?: unknown;
}

/** Command-line options from the keys of the schema: the schema alone says types, defaults, help. */
function addOptions(parser: Parser, options: z.ZodObject): void {
  const schema = z.toJSONSchema(options, { io: 'input' });
  for (const [key, value] of Object.entries(schema.properties ?? {})) {
    const { type, description = '', default: fallback } = value as OptionSchema;
    const flag = `--${key.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
    const help =
      fallback === undefined || fallback === false
        ? description
        : `${description} (default: ${fallback})`;
    if (type === 'boolean') parser.option(flag, help);
    else if (type === 'array') {
      const collect = (word: string, before: string[] = []) => [...before, word];
      parser.option(`${flag} <value>`, `${help} May be given again.`, collect);
    } else if (type === 'number' || type === 'integer') {
      parser.option(`${flag} <number>`, help, toNumber);
    } else parser.option(`${flag} <value>`, help);
  }
}

/** Anything that is no plain number stays text, for the schema to refuse. */
function toNumber(word: string): number | string {
  return /^[+-]?\d+(\.\d+)?$/.test(word) ? Number(word) : word;
}

async function report(error: unknown): Promise<ExitCode> {
  if (error instanceof CommanderError) {
    // Help and version were asked for; everything else is a mistake in the command line.
    return error.exitCode === 0 ? 0 : 2;
  }
  const named = error instanceof GatewayError ? error : await nameStoreError(error);
  if (!(named instanceof GatewayError)) throw named;
  process.stderr.write(complaint(named.message, named.code));
  return failures[named.code].exit;
}

/** A damaged or full database shows wherever it is read first. Loaded late: most commands end well. */
async function nameStoreError(error: unknown): Promise<unknown> {
  const { storeError } = await import('./store/database.ts');
  return storeError(error, 'the database');
}

/** What went wrong in one line, and in a second one what to do about it. */
function complaint(text: string, code: FailureCode): string {
  const line = text.trim().replace(/\s*\n\s*/g, ' ');
  return `wardgate: ${line} [${code}]\n-> ${failures[code].remedy}\n`;
}
