import type { MetricId } from '../core/metric.ts';
import { pressureTriples, type SpikeLimit, spikeLimits } from '../core/physiology.ts';
import type { Doubted, Figure } from './doubt.ts';

interface Readings {
  readonly at: number;
  /** Oldest first, without repetitions in a row; the newest may turn out to be a spike. */
  readonly values: readonly number[];
  /** Readings taken in, up to where enough is known. */
  readonly seen: number;
}

/** How far a mean pressure lies from where the other two put it: the newest reading, and those before. */
interface Offsets {
  readonly newest: number | null;
  readonly earlier: readonly number[];
}

/** The last readings of each metric of one patient, and how pressures of one place hold together. */
export interface Spikes {
  readonly readings: Readonly<Partial<Record<MetricId, Readings>>>;
  readonly offsets: Readonly<Partial<Record<MetricId, Offsets>>>;
}

export const noSpikes: Spikes = { readings: {}, offsets: {} };

/** A reading is compared with so many others before it, and with no fewer readings. */
const beforeMax = 10;
const beforeMin = 3;
const seenMax = 16;
const offsetsMax = 5;
const offsetsMin = 3;
/** Ratios near zero say nothing: they are made of figures this much higher. */
const ratioBase = 5;
/** How much a pressure has moved where it alone moved, by how far the mean is off. */
const aloneFactors = { systolic: 3, diastolic: 1.5, mean: 1 } as const;

interface Place {
  readonly systolic: MetricId;
  readonly factor: number;
}

const placeOf = new Map<MetricId, Place>(
  pressureTriples.flatMap((triple) =>
    (['systolic', 'diastolic', 'mean'] as const).map((role): [MetricId, Place] => [
      triple[role],
      { systolic: triple.systolic, factor: aloneFactors[role] },
    ]),
  ),
);

/** Readings that stood far out from all around them: seen when the next one is back where they were. */
export function spikeDoubts(
  before: Spikes,
  figures: readonly Figure[],
): { readonly spikes: Spikes; readonly doubted: readonly Doubted[] } {
  const readings: Partial<Record<MetricId, Readings>> = { ...before.readings };
  const doubted: Doubted[] = [];
  for (const figure of figures) {
    const { metric, value, at } = figure;
    const limit = spikeLimits[metric];
    if (!limit) continue;
    const known = before.readings[metric];
    // Told late: what came after it has been looked at.
    if (known && at < known.at) continue;
    const { values = [], seen = 0 } = known ?? {};
    const isNews = values.at(-1) !== value;
    if (known && isNews && seen >= beforeMin) {
      const isSpiked = seen > beforeMin && isSpike(values, value, limit, before, metric);
      if (isSpiked || isFar(values, value, limit)) {
        doubted.push({ figure, check: 'spike', apartMs: at - known.at });
      }
    }
    const kept = isNews ? appended(values, value) : values;
    readings[metric] = { at, values: kept, seen: Math.min(seen + 1, seenMax) };
  }
  return { spikes: { readings, offsets: offsetsOf(before.offsets, figures) }, doubted };
}

function appended(values: readonly number[], value: number): readonly number[] {
  const kept = values.length > beforeMax ? values.slice(1) : values.slice();
  kept.push(value);
  return kept;
}

/** The newest of them stands out from those before it and from what comes now. */
function isSpike(
  values: readonly number[],
  now: number,
  limit: SpikeLimit,
  before: Spikes,
  metric: MetricId,
): boolean {
  const spike = values.at(-1) ?? now;
  const others = values.slice(0, -1);
  const { above, below, belowLog, aloneAbove, aloneBelow } = limit;
  if (spike > now) {
    const up = spike - Math.max(now, ...others);
    return reaches(up, above) || reaches(up, aloneAbove, () => moveAlone(before, metric));
  }
  const lowest = Math.min(now, ...others);
  const down = lowest - spike;
  if (down <= 0) return false;
  if (reaches(down, below) || reaches(ratioLog(lowest, spike), belowLog)) return true;
  return reaches(down, aloneBelow, () => moveAlone(before, metric));
}

function isFar(values: readonly number[], now: number, { atOnce }: SpikeLimit): boolean {
  if (atOnce === undefined || Math.abs(now - (values.at(-1) ?? now)) < atOnce) return false;
  const last = values.slice(-beforeMax);
  return Math.min(...last) - now >= atOnce || now - Math.max(...last) >= atOnce;
}

/** @param other asked only where the first is far enough; undefined: not known */
function reaches(
  figure: number,
  limit: number | undefined,
  other: () => number | undefined = () => figure,
): boolean {
  return limit !== undefined && figure >= limit && (other() ?? 0) >= limit;
}

const ratioLog = (lowest: number, spike: number): number =>
  Math.log((Math.max(0, lowest) + ratioBase) / (Math.max(0, spike) + ratioBase));

/** How far a pressure moved by its newest reading, if the others of its place stood still; else unknown. */
function moveAlone({ offsets }: Spikes, metric: MetricId): number | undefined {
  const place = placeOf.get(metric);
  const known = place && offsets[place.systolic];
  if (!known || known.newest === null || known.earlier.length < offsetsMin) return undefined;
  return place.factor * Math.abs(known.newest - medianOf(known.earlier));
}

function offsetsOf(before: Spikes['offsets'], figures: readonly Figure[]): Spikes['offsets'] {
  // Most records hold no pressure; it runs for every one.
  if (!figures.some(({ metric }) => placeOf.has(metric))) return before;
  let after: Partial<Record<MetricId, Offsets>> | undefined;
  for (const { systolic, diastolic, mean } of pressureTriples) {
    const ids = [systolic, diastolic, mean];
    if (!figures.some(({ metric }) => ids.includes(metric))) continue;
    const [high, low, middle] = ids.map((id) => figures.find(({ metric }) => metric === id)?.value);
    const isWhole = high !== undefined && low !== undefined && middle !== undefined;
    const { newest = null, earlier = [] } = before[systolic] ?? {};
    after ??= { ...before };
    after[systolic] = {
      newest: isWhole ? middle - (high + 2 * low) / 3 : null,
      earlier: newest === null ? earlier : [...earlier, newest].slice(-offsetsMax),
    };
  }
  return after ?? before;
}

function medianOf(values: readonly number[]): number {
  const sorted = [...values].sort((one, other) => one - other);
  const half = sorted.length >> 1;
  const upper = sorted[half] ?? 0;
  return sorted.length % 2 === 1 ? upper : (upper + (sorted[half - 1] ?? 0)) / 2;
}
