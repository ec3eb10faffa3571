import { readFileSync } from 'node:fs';
import { arch, cpus, loadavg, release, totalmem } from 'node:os';

export interface Machine {
  readonly cpu: string;
  readonly cores: number;
  readonly memoryGb: number;
  readonly system: string;
  readonly node: string;
  readonly date: string;
  /** Processes that wanted a core in the last minute, before the bench began. */
  readonly load: number;
}

/** Names the machine: no figure is worth anything without it. */
export function describeMachine(now: number): Machine {
  const [first] = cpus();
  return {
    cpu: first?.model ?? 'unknown',
    cores: cpus().length,
    memoryGb: Math.round(totalmem() / 2 ** 30),
    system: `Linux ${release()} ${arch()}`,
    node: process.version,
    date: new Date(now).toISOString().slice(0, 10),
    load: loadNow(),
  };
}

/** Processes that wanted a core in the last minute. */
export function loadNow(): number {
  return Math.round((loadavg()[0] ?? 0) * 100) / 100;
}

/** Clock ticks of /proc; 100 on every Linux that Node runs on. */
const ticksPerSecond = 100;

/** User and system time of a process and all its threads, in seconds. */
export function cpuSecondsOf(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
  // The name, in parentheses, may hold spaces; fields 14 and 15 are counted from behind it.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) / ticksPerSecond;
}

/** Resident memory now, in megabytes. */
export function residentMb(pid: number): number {
  const status = readFileSync(`/proc/${pid}/status`, 'latin1');
  const kilobytes = /^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1];
  return Math.round(Number(kilobytes) / 102.4) / 10;
}

/** Bytes it had written to a disk (proc_pid_io(5), write_bytes), all threads. */
export function bytesWritten(pid: number | 'self'): number {
  const io = readFileSync(`/proc/${pid}/io`, 'latin1');
  return Number(/^write_bytes: (\d+)$/m.exec(io)?.[1]);
}
