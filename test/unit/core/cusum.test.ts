import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { accumulate, type CusumRule, noCusum } from '../../../gateway/core/cusum.ts';
import type { Instant } from '../../../gateway/core/observation.ts';

const rule: CusumRule = { perSecond: 2, limit: 10, episodeMs: 60_000 };
const start = 1_700_000_000_000;

/** The seconds at which it spoke, of so many events a second. */
function spoke(perSecond: number, seconds: number): readonly number[] {
  let state = noCusum;
  const told: number[] = [];
  for (let second = 0; second < seconds; second += 1) {
    const step = accumulate(state, (start + second * 1_000) as Instant, perSecond, rule);
    state = step.state;
    if (step.isNew) told.push(second);
  }
  return told;
}

describe('a CUSUM of counts', () => {
  it('never speaks at what is usual, however long it lasts', () => {
    expect(spoke(2, 100_000)).toEqual([]);
  });

  it('speaks at once at a burst, and in time at a slow excess', () => {
    expect(spoke(10, 1)).toEqual([0]);
    expect(spoke(3, 60)[0]).toBe(7);
  });

  it('speaks once an episode', () => {
    expect(spoke(20, 120)).toEqual([0, 60]);
  });

  it('is bounded, and a clock that jumps keeps no episode open', () => {
    const steps = fc.array(
      fc.record({ at: fc.integer({ min: 1, max: 4e12 }), count: fc.nat({ max: 1e6 }) }),
    );
    fc.assert(
      fc.property(steps, (all) => {
        let state = noCusum;
        for (const { at, count } of all)
          state = accumulate(state, at as Instant, count, rule).state;
        expect(state.sum).toBeLessThanOrEqual(2 * rule.limit);
        expect(state.sum).toBeGreaterThanOrEqual(0);
        const late = accumulate(state, 1 as Instant, 2 * rule.limit, rule);
        expect(late.isNew).toBe(state.toldAt !== 1);
      }),
    );
  });
});
