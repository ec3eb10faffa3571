import { readdir, readFile, readlink } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { lookEvery, type Tell, type Watch } from './watch.ts';

const lookEveryMs = 2_000;
const execMs = 50;
const namesMax = 64;

export interface ProcessOptions {
  /** The gateway. */
  readonly pid: number;
  /** Names of the programs it starts: it asks the time service. */
  readonly known: ReadonlySet<string>;
  readonly proc?: string;
}

interface Process {
  readonly pid: number;
  readonly parent: number;
  readonly name: string;
  /** Its terminal; 0 for none. */
  readonly terminal: number;
}

/**
 * Ends every child process of the gateway that it does not start itself. Whoever makes the gateway
 * run a program has broken into it.
 */
export function watchChildren(options: ProcessOptions, tell: Tell): Watch {
  const told = new Set<number>();
  return lookEvery(lookEveryMs, async () => {
    if ((await strangers(options)).length === 0) return;
    // Between fork and exec a child bears its parent's name.
    await delay(execMs);
    for (const { pid, name } of await strangers(options)) {
      const isEnded = end(pid);
      if (told.has(pid) || told.size >= namesMax) continue;
      told.add(pid);
      tell({ kind: 'process-unknown', name, isEnded });
    }
  });
}

/** proc(5): /proc/PID/task/TID/children, for whoever of its threads started them. */
async function strangers({
  pid,
  known,
  proc = '/proc',
}: ProcessOptions): Promise<readonly Process[]> {
  const tasks = await readdir(join(proc, `${pid}/task`)).catch(() => []);
  const lists = await Promise.all(
    tasks.map((task) => readFile(join(proc, `${pid}/task/${task}/children`), 'latin1').catch(none)),
  );
  const pids = lists.join(' ').match(/\d+/g) ?? [];
  const children = await Promise.all(pids.map((child) => readProcess(proc, Number(child))));
  return children.filter((child) => child !== undefined && !known.has(child.name)) as Process[];
}

const none = () => '';

/** The command, as it is installed and as it is run from its sources. */
const ownProgram = /(^|\/)(wardgate|gateway\/main\.[jt]s)$/;

/**
 * Ends the processes of the gateway’s own user that hold a file of the site directory open for
 * writing, and are neither the gateway, nor one it descends from, nor a wardgate command, nor at
 * somebody’s terminal. Returns how many.
 */
export async function endWriters(directory: string, pid: number, proc = '/proc'): Promise<number> {
  const processes = await listProcesses(proc);
  const spared = ancestorsOf(pid, processes);
  let ended = 0;
  for (const each of processes) {
    if (spared.has(each.pid) || each.terminal !== 0) continue;
    if (!(await writesBelow(directory, each.pid, proc))) continue;
    const command = await readFile(join(proc, `${each.pid}/cmdline`), 'utf8').catch(() => '');
    if (command.split('\0').some((word) => ownProgram.test(word))) continue;
    if (end(each.pid)) ended += 1;
  }
  return ended;
}

function ancestorsOf(pid: number, processes: readonly Process[]): ReadonlySet<number> {
  const parents = new Map(processes.map((each) => [each.pid, each.parent]));
  const spared = new Set<number>();
  for (let next: number | undefined = pid; next && !spared.has(next); next = parents.get(next)) {
    spared.add(next);
  }
  return spared;
}

/** proc(5): the flags of /proc/PID/fdinfo/N are octal; the lowest two bits say how it is open. */
async function writesBelow(directory: string, pid: number, proc: string): Promise<boolean> {
  // Only the own user’s can be read.
  const files = await readdir(join(proc, `${pid}/fd`)).catch(() => []);
  for (const file of files) {
    const target = await readlink(join(proc, `${pid}/fd/${file}`)).catch(() => '');
    if (!target.startsWith(`${directory}/`)) continue;
    const info = await readFile(join(proc, `${pid}/fdinfo/${file}`), 'utf8').catch(() => '');
    const flags = Number.parseInt(/^flags:\s*([0-7]+)/m.exec(info)?.[1] ?? '0', 8);
    if ((flags & 0b11) !== 0) return true;
  }
  return false;
}

async function listProcesses(proc: string): Promise<readonly Process[]> {
  const pids = (await readdir(proc)).filter((name) => /^\d+$/.test(name));
  const processes = await Promise.all(pids.map((pid) => readProcess(proc, Number(pid))));
  return processes.filter((each) => each !== undefined);
}

/** proc(5): `pid (name) state ppid pgrp session tty_nr`; the name may hold anything. */
async function readProcess(proc: string, pid: number): Promise<Process | undefined> {
  const text = await readFile(join(proc, `${pid}/stat`), 'utf8').catch(() => '');
  const name = text.slice(text.indexOf('(') + 1, text.lastIndexOf(')'));
  const [, parent, , , terminal] = text.slice(text.lastIndexOf(')') + 2).split(' ');
  if (parent === undefined) return undefined;
  return { pid, parent: Number(parent), name, terminal: Number(terminal) };
}

function end(pid: number): boolean {
  try {
    process.kill(pid, 'SIGKILL');
    return true;
  } catch {
    // It is gone, or it is not ours to end.
    return false;
  }
}
