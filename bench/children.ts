import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';

/** After SIGTERM a process has this long to end by itself. */
const endWithinMs = 20_000;

type Process = ChildProcessByStdio<Writable, Readable, Readable>;
const running = new Set<Process>();

/** However this process ends, nothing it started stays behind. */
process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});

/** A process of the bench's own. It ends with this one, even if this one is killed. */
export interface Child {
  readonly pid: number;
  /** Lines of its stdout, each once. */
  readonly lines: AsyncIterableIterator<string>;
  /** Resolves to the exit code; null when a signal ended it. */
  readonly ended: Promise<number | null>;
  /** The last of what it wrote to stderr. */
  readonly complaint: () => string;
  endInput(): void;
  /** SIGTERM, later SIGKILL. Resolves when it is gone. */
  stop(): Promise<number | null>;
}

const complaintCharsMax = 2_000;

/** `guard` is the compiled load program: it binds the command to this process's life. */
export function startChild(guard: string, command: readonly string[]): Child {
  const child = spawn(guard, ['exec', ...command], { stdio: ['pipe', 'pipe', 'pipe'] });
  running.add(child);
  let complaint = '';
  child.stderr.on('data', (chunk: Buffer) => {
    complaint = (complaint + chunk.toString('utf8')).slice(-complaintCharsMax);
  });
  child.stdin.on('error', () => undefined);
  const ended = once(child, 'close').then(([code]) => {
    running.delete(child);
    return code as number | null;
  });
  return {
    pid: child.pid ?? 0,
    lines: createInterface({ input: child.stdout })[Symbol.asyncIterator](),
    ended,
    complaint: () => complaint.trim(),
    endInput: () => void child.stdin.end(),
    async stop() {
      child.kill('SIGTERM');
      const impatience = setTimeout(() => child.kill('SIGKILL'), endWithinMs);
      const code = await ended;
      clearTimeout(impatience);
      return code;
    },
  };
}

/** The next line for which `wanted` answers something. Rejects when the process ends before. */
export async function awaitLine<Found>(
  child: Child,
  wanted: (line: string) => Found | undefined,
): Promise<Found> {
  for (let next = await child.lines.next(); !next.done; next = await child.lines.next()) {
    const found = wanted(next.value);
    if (found !== undefined) return found;
  }
  throw new Error(`a process of the bench ended with ${await child.ended}: ${child.complaint()}`);
}
