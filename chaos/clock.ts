import { globSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Instant } from '../gateway/core/observation.ts';

const secondMs = 1_000;

/** The wall clock the gateway reads, and the time it truly is in the ward. */
export interface WardClock {
  readonly environment: Readonly<Record<string, string>>;
  /** What a device with a right clock shows. */
  now(): Instant;
  /** The gateway's wall clock is off by so much meanwhile. Nobody else sets it then. */
  astray<Result>(byMs: number, meanwhile: () => Promise<Result>): Promise<Result>;
  offMs(): number;
  /**
   * Time passes: for the gateway, and once it has noticed, for all devices. It never goes back. Nobody
   * else sets the wall clock meanwhile: what passes while it is years off, no clock can tell from that.
   */
  pass(ms: number, noticed: () => Promise<void>): Promise<void>;
  passedMs(): number;
  /** Even while the gateway and the devices mean the same time; another one after each passage. */
  age(): number;
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
  let age = 0;
  let turn: Promise<unknown> = Promise.resolve();
  const show = () => {
    const seconds = Math.round((shown + off) / secondMs);
    writeFileSync(path, `${seconds < 0 ? '-' : '+'}${Math.abs(seconds)}s`);
  };
  function inTurn<Result>(set: () => Promise<Result>): Promise<Result> {
    const done = turn.then(set);
    turn = done.catch(() => undefined);
    return done;
  }
  show();
  return {
    environment: {
      LD_PRELOAD: library,
      FAKETIME_TIMESTAMP_FILE: path,
      FAKETIME_NO_CACHE: '1',
      FAKETIME_DONT_FAKE_MONOTONIC: '1',
    },
    now: () => (Date.now() + passed) as Instant,
    astray(byMs, meanwhile) {
      return inTurn(async () => {
        off = byMs;
        show();
        try {
          return await meanwhile();
        } finally {
          off = 0;
          show();
        }
      });
    },
    offMs: () => off,
    pass(ms, noticed) {
      return inTurn(async () => {
        age += 1;
        shown += ms;
        show();
        await noticed();
        passed += ms;
        age += 1;
      });
    },
    passedMs: () => passed,
    age: () => age,
  };
}
