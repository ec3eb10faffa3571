import { readFileSync } from 'node:fs';

/** `performance.now` counts from the start of its thread, this one from the start of the machine. */
const originMs = Number(process.hrtime.bigint()) / 1e6 - performance.now();

/** Milliseconds since the machine started, on the clock nobody sets. The same in every thread. */
export function monotonicMs(): number {
  return originMs + performance.now();
}

/** The kernel's name for this run of the machine (proc_sys_kernel(5), random/boot_id). */
export function bootId(): string {
  return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
}
