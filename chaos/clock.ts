import { globSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { Instant } from '../gateway/core/observation.ts';

const secondMs = 1_000;
/** It compares its clocks every second. */
const noticeMs = 3_000;

/** The wall clock the gateway reads, and the time it truly is in the ward. */
export interface WardClock {
  readonly environment: Readonly<Record<string, string>>;
  /** What a device with a right clock shows. */
  now(): Instant;
  /** The gateway's wall clock is off by so much from now on; 0 is right. */
  jump(byMs: number): void;
  /**
   * Time passes: for the gateway, and as soon as it can have noticed, for all devices. It never goes
   * back.
   */
  pass(ms: number): Promise<void>;
  passedMs(): number;
}

/**
 * By libfaketime, in the gateway's process alone. The monotonic clock stays right, as it does in a
 * machine whose wall clock is set.
 *
 * @throws Error that says what to install when there is no libfaketime.
 */
export function openClock(directory: string): WardClock {
  const [library] = globSync('/usr/lib/*/faketime/libfaketimeMT.so.1');
  if (library === undefined) throw new Error('chaos needs libfaketime: apt-get install faketime');
  const path = join(directory, 'wall-clock');
  let passed = 0;
  let shown = 0;
  let off = 0;
  const show = () => {
    const seconds = Math.round((shown + off) / secondMs);
    writeFileSync(path, `${seconds < 0 ? '-' : '+'}${Math.abs(seconds)}s`);
  };
  show();
  return {
    environment: {
      LD_PRELOAD: library,
      FAKETIME_TIMESTAMP_FILE: path,
      FAKETIME_NO_CACHE: '1',
      FAKETIME_DONT_FAKE_MONOTONIC: '1',
    },
    now: () => (Date.now() + passed) as Instant,
    jump(byMs) {
      off = byMs;
      show();
    },
    async pass(ms) {
      // What passes while the wall clock is years off, no clock can tell from that.
      while (off !== 0) await delay(noticeMs);
      shown += ms;
      show();
      await delay(noticeMs);
      passed += ms;
    },
    passedMs: () => passed,
  };
}
