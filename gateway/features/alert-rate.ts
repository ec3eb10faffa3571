import type { HourCount } from '../core/finding.ts';

/** What a detector found lately, beside what it found at the same hours of the days before. */
export interface AlertRate {
  readonly source: string;
  readonly seen: number;
  /** The median of the days before. */
  readonly expected: number;
  /** The least of them. */
  readonly least: number;
  readonly withinMs: number;
}

const hourMs = 3_600_000;
const windowsHours = [6, 24] as const;
const daysMin = 7;
const daysMax = 14;
/** Hours that must be counted for it. */
export const alertRateHours = (daysMax + 1) * 24;
/** Of whom less is usual, nobody can say after a day that it fell silent. */
const expectedMin = 12;

/**
 * The detectors that find something every day, and found less than that lately. The median of days is
 * not moved by one bad day, and the same hours are compared: a ward has nights.
 *
 * @param hoursKnown since the first finding that is still kept
 * @param hoursUp since the gateway runs: what it did not hear it did not miss
 */
export function alertRates(
  counts: readonly HourCount[],
  hoursKnown: number,
  hoursUp: number,
): readonly AlertRate[] {
  const days = Math.min(daysMax, Math.floor(hoursKnown / 24) - 1);
  if (days < daysMin) return [];
  const rates: AlertRate[] = [];
  for (const [source, rows] of Map.groupBy(counts, ({ detector }) => detector)) {
    for (const hours of windowsHours) {
      if (hoursUp < hours) continue;
      const [seen = 0, ...before] = Array.from({ length: days + 1 }, (_, day) =>
        sumOf(rows, day * 24, hours),
      );
      const sorted = before.toSorted((a, b) => a - b);
      const expected = sorted[Math.floor(sorted.length / 2)] ?? 0;
      const least = sorted[0] ?? 0;
      if (expected < expectedMin || seen >= expected) continue;
      rates.push({ source, seen, expected, least, withinMs: hours * hourMs });
    }
  }
  return rates;
}

function sumOf(rows: readonly HourCount[], from: number, hours: number): number {
  return rows
    .filter(({ hoursAgo }) => hoursAgo >= from && hoursAgo < from + hours)
    .reduce((sum, { count }) => sum + count, 0);
}

/** The probability of so few or fewer where so many are expected (Poisson). */
export function fewness(seen: number, expected: number): number {
  let term = Math.exp(-Math.min(expected, expectedMost));
  let sum = term;
  for (let count = 1; count <= Math.min(seen, countMost); count += 1) {
    term *= expected / count;
    sum += term;
  }
  return Math.min(1, sum);
}

/** Beyond it exp() is 0, and the sum has no meaning. */
const expectedMost = 700;
const countMost = 10_000;
