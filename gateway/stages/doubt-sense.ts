import type { MetricId } from '../core/metric.ts';
import {
  heartRate,
  meanOffset,
  pressureTriples,
  pulseDeficit,
  pulseRates,
} from '../core/physiology.ts';
import type { Doubted, Figure } from './doubt.ts';

/** Since when, and for how many readings, heart and pulse disagree. */
export interface Pulse {
  readonly since: number;
  readonly readings: number;
}

export const noPulse: Pulse = { since: 0, readings: 0 };

/** Heart rate and pulse rate of one record that stay far apart. */
export function pulseDoubts(
  before: Pulse,
  figures: readonly Figure[],
): { readonly pulse: Pulse; readonly doubted: readonly Doubted[] } {
  const heart = find(figures, heartRate);
  const pulse = figures.find(({ metric }) => pulseRates.includes(metric));
  if (!heart || !pulse) return { pulse: before, doubted: [] };
  const apart = Math.abs(heart.value - pulse.value);
  const { share, perMinuteMin, ms, readings } = pulseDeficit;
  if (apart <= Math.max(perMinuteMin, share * heart.value)) return { pulse: noPulse, doubted: [] };
  const since = before.readings === 0 ? heart.at : before.since;
  const now: Pulse = { since, readings: before.readings + 1 };
  const isLong = heart.at - since >= ms && now.readings >= readings;
  const doubted = isLong
    ? [heart, pulse].map((figure) => ({ figure, check: 'pulse' as const }))
    : [];
  return { pulse: now, doubted };
}

const means: ReadonlySet<MetricId> = new Set(pressureTriples.map(({ mean }) => mean));

/** Mean pressures far from where the other two of the same record put them. */
export function meanDoubts(figures: readonly Figure[]): readonly Doubted[] {
  // Most records hold no pressure; it runs for every one.
  if (!figures.some(({ metric }) => means.has(metric))) return [];
  return pressureTriples.flatMap((triple) => {
    const systolic = find(figures, triple.systolic);
    const mean = find(figures, triple.mean);
    const diastolic = find(figures, triple.diastolic);
    if (!systolic || !mean || !diastolic) return [];
    const pulsePressure = systolic.value - diastolic.value;
    const offset = mean.value - (diastolic.value + pulsePressure / 3);
    const { below, above, mmHgMin } = meanOffset;
    const isNear = offset >= below * pulsePressure && offset <= above * pulsePressure;
    if (isNear || Math.abs(offset) < mmHgMin) return [];
    return [{ figure: mean, check: 'mean' as const }];
  });
}

function find(figures: readonly Figure[], metric: MetricId): Figure | undefined {
  return figures.find((figure) => figure.metric === metric);
}
