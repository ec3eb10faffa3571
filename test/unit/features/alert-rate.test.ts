import { describe, expect, it } from 'vitest';
import type { HourCount } from '../../../gateway/core/finding.ts';
import alertRateFall from '../../../gateway/detectors/alert-rate-fall.ts';
import { alertRateHours, alertRates, fewness } from '../../../gateway/features/alert-rate.ts';
import { noon } from '../../support/wards.ts';

/** So many an hour back from now; `of` says how many in that hour. */
function history(of: (hoursAgo: number) => number): readonly HourCount[] {
  return Array.from({ length: alertRateHours }, (_, hoursAgo) => ({
    ...{ detector: 'topic-abuse', hoursAgo, count: of(hoursAgo) },
  }));
}

const year = 8_760;
const judge = (counts: readonly HourCount[], known = year, up = year) =>
  alertRates(counts, known, up).map((rate) => {
    const chance = fewness(rate.seen, rate.expected);
    const signal = { kind: 'alert-rate', at: noon, ...rate, chance } as const;
    return alertRateFall.step(alertRateFall.start, signal, undefined).finding?.evidence;
  });

describe('the rate of what a detector finds', () => {
  it('that falls to nothing is told after six hours, and what was expected', () => {
    const silenced = history((hoursAgo) => (hoursAgo < 6 ? 0 : 3));
    expect(judge(silenced)[0]).toEqual({ seen: 0, expected: 18, least: 18, withinHours: 6 });
    expect(judge(history((hoursAgo) => (hoursAgo < 3 ? 0 : 3)))).not.toContainEqual(
      expect.anything(),
    );
  });

  it('that falls at night every night is none', () => {
    const nightly = history((hoursAgo) => (hoursAgo % 24 < 8 ? 0 : 6));
    expect(judge(nightly)).toEqual([]);
  });

  it('is not judged by less than a week, nor by hours in which the gateway did not run', () => {
    const silenced = history((hoursAgo) => (hoursAgo < 24 ? 0 : 3));
    expect(judge(silenced, 150)).toEqual([]);
    expect(judge(silenced, year, 5)).toEqual([]);
    expect(judge(silenced, year, 7)).toHaveLength(1);
  });

  it('that one bad day raised, or that is uneven by itself, is no fall', () => {
    const burst = history((hoursAgo) => (hoursAgo >= 48 && hoursAgo < 72 ? 50 : 0));
    expect(judge(burst)).toEqual([]);
    const uneven = history((hoursAgo) => (hoursAgo % 48 < 24 ? 0 : 12));
    expect(judge(uneven).filter((told) => told !== undefined)).toEqual([]);
  });
});

describe('how likely so few are', () => {
  it('is the lower tail of Poisson’s distribution', () => {
    expect(fewness(0, 12)).toBeCloseTo(Math.exp(-12), 12);
    expect(fewness(2, 3)).toBeCloseTo(0.4232, 4);
    expect(fewness(1_000, 3)).toBeCloseTo(1, 9);
  });
});
