import { type ChildProcess, type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { expect } from 'vitest';

const main = join(import.meta.dirname, '../../gateway/main.ts');

/** A command that takes longer hangs. */
const commandTimeoutMs = 60_000;

export interface Outcome {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

/** Runs `wardgate <words>` as its own process, to its end. */
export async function wardgate(words: readonly string[], input?: Uint8Array): Promise<Outcome> {
  const child = spawn(process.execPath, [main, ...words], {
    stdio: ['pipe', 'pipe', 'pipe'],
    timeout: commandTimeoutMs,
    killSignal: 'SIGKILL',
  });
  // A command that does not read its input may end before it was given all of it.
  child.stdin.on('error', () => undefined);
  child.stdin.end(input);
  const ended = once(child, 'exit');
  const [out, err] = await Promise.all([buffer(child.stdout), buffer(child.stderr)]);
  const [code] = (await ended) as [number | null];
  return { code, out: out.toString(), err: err.toString() };
}

/** What a command that must succeed printed as JSON. */
export async function wardgateJson<Result = Record<string, unknown>>(
  ...words: readonly string[]
): Promise<Result> {
  const { code, out, err } = await wardgate([...words, '--json']);
  if (code !== 0) throw new Error(`wardgate ${words.join(' ')}: ${code} ${err}`);
  return JSON.parse(out) as Result;
}

/** `wardgate: <what> [<code>]`, then `-> <what to do>`, and nothing on stdout. */
export function expectRefusal({ code, out, err }: Outcome, exit: 1 | 2, failure: string): void {
  expect({ code, out, err }).toMatchObject({ code: exit, out: '' });
  expect(err).toMatch(/^wardgate: \S[^\n]* \[[a-z-]+\]\n-> \S[^\n]*\n$/);
  expect(err).toContain(`[${failure}]`);
}

/** Processes at once: as many as keep two cores busy. */
const atOnce = 3;

/** Runs commands that do not depend on each other beside each other. */
export async function each<Item>(items: readonly Item[], act: (item: Item) => Promise<void>) {
  const queue = [...items];
  const work = async () => {
    for (let item = queue.shift(); item !== undefined; item = queue.shift()) await act(item);
  };
  await Promise.all(Array.from({ length: atOnce }, work));
}

export interface RunningCommand {
  readonly child: ChildProcess;
  readonly stdout: Readable;
  readonly events: readonly Readonly<Record<string, unknown>>[];
  /** Resolves with the first event of that name, also an earlier one. Rejects when the process ends. */
  event(name: string): Promise<Readonly<Record<string, unknown>>>;
  readonly ended: Promise<Outcome['code']>;
}

/** Starts a command that goes on; whoever starts it ends it. */
export function startWardgate(...words: readonly string[]): RunningCommand {
  const child: ChildProcessByStdio<null, Readable, null> = spawn(
    process.execPath,
    [main, ...words],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  );
  const events: Readonly<Record<string, unknown>>[] = [];
  const ended = once(child, 'exit').then(([code]) => code as number | null);
  const lines = createInterface({ input: child.stdout });
  lines.on('line', (line) => void events.push(JSON.parse(line)));
  return {
    child,
    stdout: child.stdout,
    events,
    ended,
    async event(name) {
      const died = ended.then((code) => {
        throw new Error(`wardgate ended with ${code} before ${name}`);
      });
      for (;;) {
        const found = events.find(({ event }) => event === name);
        if (found) return found;
        await Promise.race([once(lines, 'line'), died]);
      }
    },
  };
}
