#!/usr/bin/env node
import { globSync } from 'node:fs';
import { enableCompileCache } from 'node:module';
import { join } from 'node:path';
import { CommanderError, Command as Parser } from 'commander';
import { z } from 'zod';
import type { Command, ExitCode } from './command.ts';
import { failures, GatewayError } from './core/error.ts';

/** The `wardgate` command: finds its commands in cli/, reads the command line, and sets the exit code. */

const folder = join(import.meta.dirname, 'cli');
const version = '0.1.0';

enableCompileCache();
// Whatever the gateway writes is its own user’s alone.
process.umask(0o077);
// Whoever read the output is gone: a gateway goes on all the same.
process.stdout.on('error', () => undefined);
process.exitCode = await main(process.argv.slice(2));

async function main(words: readonly string[]): Promise<ExitCode> {
  let exitCode: ExitCode = 0;
  const parser = new Parser('wardgate')
    .description('Security gateway for connected medical devices.')
    .version(version)
    .showHelpAfterError('-> wardgate --help lists the commands')
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
    return report(error);
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
    .addHelpText('after', `\nExample:\n  $ ${example}`)
    .exitOverride();
  for (const argument of command.arguments ?? []) parser.argument(argument);
  if (options) addOptions(parser, options);
  for (const each of command.commands ?? []) add(parser, each, onDone);
  if (!run) return;
  parser.action(async (...given: unknown[]) => {
    const words = (given.slice(0, -2) as (string | undefined)[]).filter(
      (word) => word !== undefined,
    );
    const parsed = (options ?? z.strictObject({})).safeParse(given.at(-2));
    if (!parsed.success) throw new GatewayError('usage', z.prettifyError(parsed.error));
    const stop = new AbortController();
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stop.abort());
    onDone(
      await run({
        arguments: words,
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

function report(error: unknown): ExitCode {
  if (error instanceof CommanderError) {
    // Help and version were asked for; everything else is a mistake in the command line.
    return error.exitCode === 0 ? 0 : 2;
  }
  if (error instanceof GatewayError) {
    const { exit, remedy } = failures[error.code];
    process.stderr.write(`wardgate: ${error.message} [${error.code}]\n-> ${remedy}\n`);
    return exit;
  }
  throw error;
}
