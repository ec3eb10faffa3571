import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ClockEstimate } from '../../../gateway/core/clock.ts';
import { fromKnown, toKnown } from '../../../gateway/stages/clock-estimate.ts';
import { type SimulatedClock, shownBy, watchClock } from '../../support/simulated-clock.ts';

const noon = Date.UTC(2026, 10, 18, 12);
const second = 1_000;
const minute = 60 * second;
const hour = 60 * minute;
const day = 24 * hour;
const year = 365 * day;

/** Mulberry32: small and seeded. */
function chances(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** A live device: a reading a second, each delayed as told. Returns when the last one arrived. */
function listen(
  watch: ReturnType<typeof watchClock>,
  clock: SimulatedClock,
  from: number,
  count: number,
  delayMs: (index: number) => number,
  everyMs = second,
): number {
  let last = from;
  for (let index = 0; index < count; index += 1) {
    const said = from + index * everyMs;
    // In order, as a line or a session brings it.
    last = Math.max(last, said + delayMs(index));
    watch.read(shownBy(clock, said), last);
  }
  return last;
}

const errorOf = (
  { at, uncertaintyMs }: { at: number; uncertaintyMs?: number | undefined },
  truth: number,
) => {
  expect(uncertaintyMs).toBeDefined();
  expect(Math.abs(at - truth)).toBeLessThanOrEqual(uncertaintyMs ?? 0);
};

describe('a device without an offset in its time', () => {
  it('is dated by its arrival until its clock is known, and by its clock from then on', () => {
    const clock = { offsetMs: 10 * minute, since: noon };
    const watch = watchClock();
    watch.read(shownBy(clock, noon), noon + 5);
    expect(watch.date(shownBy(clock, noon), noon + 5)).toMatchObject({
      clock: 'gateway',
      at: noon + 5,
    });
    const last = listen(watch, clock, noon + second, 64, () => 5);
    const dating = watch.date(shownBy(clock, last - 5), last);
    expect(dating).toMatchObject({ clock: 'corrected' });
    expect(dating.uncertaintyMs).toBeLessThan(200);
    errorOf(dating, last - 5);
  });

  it('that is years wrong never becomes a patient’s time, and its intervals stay', () => {
    const clock = { offsetMs: -20 * year, since: noon };
    const watch = watchClock();
    const last = listen(watch, clock, noon, 64, () => 5);
    const one = watch.date(shownBy(clock, last - 10 * minute), last, { isStored: true });
    const other = watch.date(shownBy(clock, last - 70 * minute), last, { isStored: true });
    expect(one.clock).toBe('corrected');
    expect(one.at - other.at).toBeCloseTo(hour, -2);
    errorOf(one, last - 10 * minute);
    expect(new Date(one.at).getUTCFullYear()).toBe(2026);
  });

  it('follows a change to summer time and back at once', () => {
    const autumn = Date.UTC(2026, 9, 25, 1);
    const watch = watchClock();
    let last = listen(watch, { offsetMs: 2 * hour, since: autumn }, autumn - minute, 60, () => 20);
    const winter = { offsetMs: hour, since: autumn };
    watch.read(shownBy(winter, autumn), autumn + 20);
    expect(watch.steps).toEqual([{ cause: 'zone', stepMs: -hour }]);
    last = autumn + 20;
    errorOf(watch.date(shownBy(winter, autumn), last), autumn);
    const spring = Date.UTC(2027, 2, 28, 1);
    watch.read(
      shownBy({ offsetMs: hour, since: spring }, spring - 60 * second),
      spring - 60 * second,
    );
    watch.read(shownBy({ offsetMs: 2 * hour, since: spring }, spring), spring + 20);
    expect(watch.steps.at(-1)).toEqual({ cause: 'zone', stepMs: hour });
  });

  it('that is set forward begins anew at once, and set back after a while', () => {
    const watch = watchClock();
    let last = listen(watch, { offsetMs: 0, since: noon }, noon, 64, () => 20);
    const ahead = { offsetMs: 3 * hour + 7 * minute, since: noon };
    last = listen(watch, ahead, last + second, 64, () => 20);
    expect(watch.steps).toMatchObject([{ cause: 'set' }]);
    errorOf(watch.date(shownBy(ahead, last - 20), last), last - 20);
    const behind = { offsetMs: -5 * minute, since: noon };
    for (let index = 0; index < 30; index += 1) {
      const said = last + second;
      last = said + 20;
      watch.read(shownBy(behind, said), last);
      // Set back or late: until it is known, the truth lies within what is said.
      errorOf(watch.date(shownBy(behind, said), last), said);
    }
    expect(watch.steps).toMatchObject([{ cause: 'set' }, { cause: 'set' }]);
    expect(watch.date(shownBy(behind, last - 20), last).uncertaintyMs).toBeLessThan(30 * second);
  });

  it('does not take a backlog for a clock that was set back', () => {
    const clock = { offsetMs: 30 * minute, since: noon };
    const watch = watchClock();
    const last = listen(watch, clock, noon, 64, () => 20);
    const back = last + 2 * hour;
    for (let index = 0; index < 100; index += 1) {
      const said = last + index * minute;
      const arrived = back + index * 10;
      watch.read(shownBy(clock, said), arrived);
      const dating = watch.date(shownBy(clock, said), arrived);
      expect(dating.clock).toBe('corrected');
      errorOf(dating, said);
      // Nothing went back, so nothing is in doubt.
      expect(dating.uncertaintyMs).toBeLessThan(10 * second);
    }
    expect(watch.steps).toEqual([]);
  });

  it('does not take a queue that lags for hours for a clock that was set back', () => {
    const clock = { offsetMs: 30 * minute, since: noon };
    const watch = watchClock();
    const last = listen(watch, clock, noon, 64, () => 20);
    for (let index = 1; index <= 60; index += 1) {
      const said = last + index * second;
      watch.read(shownBy(clock, said), said + 2 * hour);
      errorOf(watch.date(shownBy(clock, said), said + 2 * hour), said);
    }
    expect(watch.steps).toEqual([]);
  });

  it('goes on over the rollover of its counter, however long nobody heard of it', () => {
    const clockRangeMs = 2 ** 32 / 8;
    const watch = watchClock({ known: undefined, clockRangeMs });
    const clock = { offsetMs: 0, since: noon };
    let last = listen(watch, clock, noon, 64, () => 20);
    for (const turns of [1, 3]) {
      const said = last + turns * clockRangeMs - 4 * hour;
      const shown = shownBy({ offsetMs: -turns * clockRangeMs, since: noon }, said);
      watch.read(shown, said + 20);
      expect(watch.steps.at(-1)).toEqual({ cause: 'rollover', stepMs: -turns * clockRangeMs });
      errorOf(watch.date(shown, said + 20), said);
      last = said;
      // Back to the turn it was on, for the next round.
      watch.read(shownBy(clock, said + second), said + second + 20);
    }
  });
});

describe('a device that states its offset', () => {
  it.each([
    ['right', '2026-11-18T11:59:59.980Z', 'device', noon - 20],
    ['right, in another zone', '2026-11-18T12:59:59.980+01:00', 'device', noon - 20],
    ['late', '2026-11-18T09:00:00.000Z', 'device', noon - 3 * hour],
    ['late by a month', '2026-10-18T12:00:00.000Z', 'device', noon - 31 * day],
    ['later still', '2026-10-18T11:59:59.000Z', 'gateway', noon],
    ['half a second ahead', '2026-11-18T12:00:00.500Z', 'device', noon + 500],
    ['two minutes ahead', '2026-11-18T12:02:00.000Z', 'gateway', noon],
    ['years ahead', '2036-11-18T12:00:00.000Z', 'gateway', noon],
    ['no time', '22 Nov 2026 09:59:50 GMT', 'gateway', noon],
    ['no date', '2026-02-30T10:00:00Z', 'gateway', noon],
    ['silent', undefined, 'gateway', noon],
  ])('and is %s is on the right clock', (_, time, clock, at) => {
    const watch = watchClock();
    if (time !== undefined) watch.read(time, noon);
    expect(watch.date(time, noon)).toMatchObject({ clock, at });
  });

  it('is believed while it agrees, and corrected once it is known to be wrong', () => {
    const watch = watchClock();
    const right = { offsetMs: 300, since: noon, isZoned: true };
    let last = listen(watch, right, noon, 64, () => 20);
    expect(watch.date(shownBy(right, last - 20), last)).toMatchObject({ clock: 'device' });
    const wrong = { offsetMs: 40 * second, since: noon, isZoned: true };
    last = listen(watch, wrong, last + second, 64, () => 20);
    const dating = watch.date(shownBy(wrong, last - 20), last);
    expect(dating.clock).toBe('corrected');
    errorOf(dating, last - 20);
  });

  it('and runs behind is corrected too, once it is no backlog', () => {
    const watch = watchClock();
    const behind = { offsetMs: -10 * minute, since: noon, isZoned: true };
    let last = listen(watch, behind, noon, 64, () => 20);
    const early = watch.date(shownBy(behind, last - 20), last);
    expect(early).toMatchObject({ clock: 'device', at: last - 20 - 10 * minute });
    errorOf(early, last - 20);
    last = listen(watch, behind, last + second, 600, () => 20);
    const dating = watch.date(shownBy(behind, last - 20), last);
    expect(dating.clock).toBe('corrected');
    errorOf(dating, last - 20);
  });

  it('keeps the times of a backlog that is sent at the pace of its making', () => {
    const watch = watchClock();
    const right = { offsetMs: 0, since: noon - 2 * hour, isZoned: true };
    const made = (index: number) => noon - hour + index;
    for (let index = 0; index < 4_000; index += 1) {
      const arrival = noon + index;
      watch.read(shownBy(right, made(index)), arrival);
      const dating = watch.date(shownBy(right, made(index)), arrival);
      expect(dating).toMatchObject({ clock: 'device', at: made(index) });
    }
  });
});

describe('stored records', () => {
  it('are dated by the clock the device shows when they are read', () => {
    const clock = { offsetMs: 2 * hour - 12 * minute, since: noon, resolutionMs: second };
    const watch = watchClock();
    watch.read(shownBy(clock, noon), noon + 300);
    for (const age of [minute, hour, day, 30 * day]) {
      const dating = watch.date(shownBy(clock, noon - age), noon + 300, { isStored: true });
      expect(dating.clock).toBe('corrected');
      errorOf(dating, noon - age);
    }
  });

  it('of a device that does not show its clock are not dated: nobody can say how old they are', () => {
    const dating = watchClock().date('2026-11-01T10:00:00', noon, { isStored: true });
    expect(dating).toEqual({
      at: noon,
      clock: 'gateway',
      uncertaintyMs: undefined,
      provisional: undefined,
    });
  });

  it('of before the clock was set carry the step as their uncertainty, and of the future no time', () => {
    const watch = watchClock();
    const last = listen(watch, { offsetMs: 0, since: noon }, noon, 64, () => 20);
    const set = { offsetMs: 2 * hour + minute, since: noon };
    const end = listen(watch, set, last + second, 64, () => 20);
    const dating = watch.date(shownBy({ offsetMs: 0, since: noon }, noon - hour), end, {
      isStored: true,
    });
    errorOf(dating, noon - hour);
    const ahead = watch.date(shownBy(set, end + day), end, { isStored: true });
    expect(ahead).toMatchObject({ clock: 'gateway', at: end, uncertaintyMs: undefined });
  });
});

it('holds the truth within its bounds, whatever the offset, the drift, the delay and the resolution', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: -30 * year, max: 30 * year }),
      fc.double({ min: -150, max: 150, noNaN: true }),
      fc.constantFrom(0, 5, 200, 5_000, 29_900),
      fc.constantFrom(1, 10, 1_000),
      fc.constantFrom(second, 7 * second, minute),
      fc.integer(),
      (offsetMs, driftPpm, jitterMs, resolutionMs, everyMs, seed) => {
        const chance = chances(seed);
        const clock = { offsetMs, driftPpm, since: noon, resolutionMs };
        const watch = watchClock();
        let last = noon;
        for (let index = 0; index < 300; index += 1) {
          const said = noon + index * everyMs;
          last = Math.max(last, said + 20 + jitterMs * chance());
          watch.read(shownBy(clock, said), last);
          errorOf(watch.date(shownBy(clock, said), last), said);
        }
        expect(watch.steps).toEqual([]);
        const stored = watch.date(shownBy(clock, noon - 3 * day), last, { isStored: true });
        errorOf(stored, noon - 3 * day);
      },
    ),
    { numRuns: 300 },
  );
});

it('learns a drift of 50 ppm over days, so that a gap does not blur it', () => {
  const clock = { offsetMs: -4 * minute, driftPpm: 50, since: noon };
  const watch = watchClock();
  const last = listen(watch, clock, noon, 4_000, () => 20, minute);
  const { driftPpm } = watch.estimate() as ClockEstimate;
  expect(driftPpm.low).toBeLessThanOrEqual(50);
  expect(driftPpm.high).toBeGreaterThanOrEqual(50);
  expect(driftPpm.high - driftPpm.low).toBeLessThan(15);
  const silent = last + 10 * day;
  const dating = watch.date(shownBy(clock, silent - day), silent, { isStored: true });
  errorOf(dating, silent - day);
  expect(dating.uncertaintyMs).toBeLessThan(30 * second);
});

it('is the same on another monotonic clock, for it is kept in true time', () => {
  const clock = { offsetMs: -9 * minute, driftPpm: 30, since: noon };
  const watch = watchClock();
  const last = listen(watch, clock, noon, 100, () => 20);
  const known = toKnown(watch.estimate() as ClockEstimate, 0);
  expect(toKnown(fromKnown(known, 12_345), 12_345)).toEqual(known);
  const anchorMs = noon - 1_000;
  const later = watchClock({ known }, anchorMs);
  const at = last + hour;
  errorOf(later.date(shownBy(clock, at - minute), at, { isStored: true }), at - minute);
});

describe('what an earlier run wrote down while its own time was wrong', () => {
  /** The gateway was 20 hours behind, so that a right clock seemed 20 hours ahead. */
  function laterRun(isZoned: boolean) {
    const ahead = { offsetMs: 20 * hour, since: noon, isZoned };
    const earlier = watchClock();
    listen(earlier, ahead, noon, 20, () => 5);
    return watchClock({ known: toKnown(earlier.estimate() as ClockEstimate, 0) });
  }
  const now = noon + 20 * hour + 5 * minute;
  const dated = (
    watch: ReturnType<typeof watchClock>,
    isZoned: boolean,
    said: number,
    at: number,
  ) => {
    const time = shownBy({ offsetMs: 0, since: noon, isZoned }, said);
    watch.read(time, at);
    return watch.date(time, at);
  };

  it('is believed no more once the clock states its offset and agrees', () => {
    const watch = laterRun(true);
    // First what it kept meanwhile: unsure, and as unsure as it is late.
    errorOf(dated(watch, true, now - 3 * minute, now), now - 3 * minute);
    expect(dated(watch, true, now, now + 5)).toMatchObject({ clock: 'device', at: now });
  });

  it('goes on where the clock was right and sends what it kept, however steadily', () => {
    const right = { offsetMs: 0, since: noon, isZoned: true };
    const earlier = watchClock();
    listen(earlier, right, noon, 20, () => 5);
    const watch = watchClock({ known: toKnown(earlier.estimate() as ClockEstimate, 0) });
    for (let index = 0; index < 30; index += 1) {
      const said = now - 2 * hour + index * second;
      const dating = dated(watch, true, said, now + index * second);
      expect(dating).toMatchObject({ clock: 'device', at: said });
    }
    expect(watch.steps).toEqual([]);
  });

  it('gives way within seconds to a clock that states none', () => {
    const watch = laterRun(false);
    for (let index = 0; index < 12; index += 1) {
      const said = now + index * second;
      errorOf(dated(watch, false, said, said + 5), said);
    }
    const said = now + 12 * second;
    expect(Math.abs(dated(watch, false, said, said + 5).at - said)).toBeLessThan(second);
  });
});

it('begins anew with a clock that states its offset once the time is known: it may have sent a backlog', () => {
  const clock = { offsetMs: 0, since: noon, isZoned: true };
  const watch = watchClock({ known: undefined }, noon - 1_000);
  const without = { isTrusted: false, provisionalMs: -6 * year };
  for (let index = 0; index < 70; index += 1) {
    const arrived = noon + index * second;
    watch.read(shownBy(clock, arrived - 5 * minute), arrived, without);
  }
  for (let index = 70; index < 90; index += 1) {
    const arrived = noon + index * second;
    const time = shownBy(clock, arrived - 5 * minute);
    watch.read(time, arrived);
    expect(watch.date(time, arrived)).toMatchObject({ clock: 'device', at: arrived - 5 * minute });
  }
  const now = noon + 90 * second;
  watch.read(shownBy(clock, now), now + 5);
  expect(watch.date(shownBy(clock, now), now + 5)).toMatchObject({ clock: 'device', at: now });
  expect(watch.steps).toEqual([]);
});

it('goes on undisturbed while the gateway’s own clock is years off, and is marked', () => {
  const clock = { offsetMs: 5 * minute, since: noon };
  const watch = watchClock({ known: undefined }, noon - 1_000);
  const without = { isTrusted: false, provisionalMs: -6 * year };
  let last = noon;
  for (let index = 0; index < 70; index += 1) {
    last = noon + index * second + 20;
    watch.read(shownBy(clock, last - 20), last, without);
  }
  const dating = watch.date(shownBy(clock, last - 20), last, without);
  expect(dating).toMatchObject({ clock: 'corrected', provisional: { boot: 'b' } });
  errorOf(dating, last - 20 - 6 * year);
  // The time is known: nothing has to be learned again.
  errorOf(watch.date(shownBy(clock, last - 20), last), last - 20);
  expect(watch.steps).toEqual([]);
});
