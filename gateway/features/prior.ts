import type { Baseline } from './baseline.ts';
import { halfLivesMs } from './damped-counts.ts';
import { trafficFeatures } from './traffic-state.ts';
import { befalls, remembered, type Tally, tallies } from './traffic-tally.ts';

/** What nobody does by accident: how often in all before it is looked at. */
const tolerated: Partial<Record<Tally, number>> = {
  takeovers: 2,
  losses: 3,
  refusals: 1,
  violations: 0,
  damages: 2,
  topics: 0,
  limits: 1,
  connects: 5,
};
/** Nothing of a stranger is certain to a hair. */
const spread = 0.2;

/**
 * What is expected of an identity that has not enrolled: no more messages than its profile allows,
 * and next to nothing of what no device does. Of the rest nothing is expected.
 *
 * @param perSecondMax messages a second; 0 for an address that is nobody's
 */
export function priorOf(perSecondMax: number): Baseline {
  const centre = trafficFeatures.map(() => Number.POSITIVE_INFINITY);
  for (const [index, tally] of tallies.entries()) {
    for (const [life, halfLifeMs] of halfLivesMs.entries()) {
      const place = index * halfLivesMs.length + life;
      const often = tolerated[tally];
      // A steady rate fills a damped counter to the rate times half-life over ln 2.
      const filled = (perSecondMax * halfLifeMs) / 1_000 / Math.LN2;
      if (tally === 'messages') centre[place] = Math.log1p(filled + perSecondMax);
      else if (often !== undefined) centre[place] = expected(tally, often);
    }
  }
  for (const [index, tally] of remembered.entries()) {
    const often = tolerated[tally];
    const place = tallies.length * halfLivesMs.length + index;
    if (often !== undefined) centre[place] = expected(tally, often);
  }
  return { looks: [], centre, spread: trafficFeatures.map(() => spread), elapsedMs: 0 };
}

/** As a vector has it: beyond what may befall any device. */
function expected(tally: Tally, often: number): number {
  return Math.log1p(Math.max(0, often - (befalls[tally] ?? 0)));
}
