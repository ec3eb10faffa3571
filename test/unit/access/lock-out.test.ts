import fc from 'fast-check';
import { expect, it } from 'vitest';
import {
  addressLockOut,
  attempt,
  type Failures,
  lockMs,
  takenBack,
  userLockOut,
} from '../../../gateway/access/lock-out.ts';

const start = 1_700_000_000_000;

/** Fails as soon as it may, `count` times: how long each failure costs. */
function waitsOf(count: number, rule = userLockOut): number[] {
  const waits: number[] = [];
  let failures: Failures | undefined;
  let now = start;
  for (let tries = 0; tries < count; tries += 1) {
    failures = attempt(failures, now, rule).failures;
    const { waitMs } = attempt(failures, now, rule);
    waits.push(waitMs);
    now += waitMs;
  }
  return waits;
}

it('lets people mistype, then doubles the delay, then locks for a quarter of an hour', () => {
  const seconds = waitsOf(12).map((waitMs) => waitMs / 1_000);
  expect(seconds).toEqual([0, 0, 1, 2, 4, 8, 16, 32, 64, 900, 900, 900]);
});

it('is more patient with an address than with a person, but not for ever', () => {
  const waits = waitsOf(60, addressLockOut);
  expect(waits.slice(0, 20).every((waitMs) => waitMs === 0)).toBe(true);
  expect(waits[20]).toBe(1_000);
  expect(waits.at(-1)).toBe(lockMs);
});

it('many tries at once are no way around the delay', () => {
  let failures: Failures | undefined;
  let allowed = 0;
  for (let tries = 0; tries < 1_000; tries += 1) {
    const next = attempt(failures, start, userLockOut);
    failures = next.failures;
    if (next.waitMs === 0) allowed += 1;
  }
  expect(allowed).toBe(userLockOut.freeFailures + 1);
});

it('somebody who tries during a lock does not make it longer', () => {
  const locked: Failures = { count: 10, lastAt: start, blockedUntil: start + lockMs };
  const { waitMs, failures } = attempt(locked, start + 1_000, userLockOut);
  expect(waitMs).toBe(lockMs - 1_000);
  expect(failures).toEqual(locked);
});

it('no lock is for good, whatever the clock does', () => {
  const times = fc.array(fc.integer({ min: -10 * lockMs, max: 10 * lockMs }), { maxLength: 50 });
  fc.assert(
    fc.property(times, (steps) => {
      let failures: Failures | undefined;
      let now = start;
      for (const step of steps) {
        now += step;
        failures = attempt(failures, now, userLockOut).failures;
      }
      const { waitMs, failures: after } = attempt(failures, now, userLockOut);
      expect(waitMs).toBeLessThanOrEqual(lockMs);
      if (waitMs > 0) expect(attempt(after, now + waitMs, userLockOut).waitMs).toBe(0);
    }),
  );
});

it('an attempt that was no failure is as if it had not been made', () => {
  const { failures } = attempt({ count: 4, lastAt: start, blockedUntil: 0 }, start, userLockOut);
  expect(takenBack(failures).count).toBe(4);
  expect(attempt(takenBack(failures), start, userLockOut).waitMs).toBe(0);
});

it('failures of long ago are forgotten', () => {
  const old: Failures = { count: 9, lastAt: start, blockedUntil: start + 64_000 };
  const { failures } = attempt(old, start + userLockOut.forgottenAfterMs, userLockOut);
  expect(failures.count).toBe(1);
});
