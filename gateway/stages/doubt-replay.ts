import { type MetricId, metricIds } from '../core/metric.ts';
import type { Doubted, Figure } from './doubt.ts';

/**
 * The last records of a patient as fingerprints, and how far the newest ones follow earlier ones. A
 * record like the one before is not written down anew: how often it came is part of the next one.
 */
export interface Replay {
  /** Oldest first. Only the few recent ones are copied for a record; `earlier` is written rarely. */
  readonly earlier: readonly number[];
  readonly recent: readonly number[];
  /** Metrics and values of the newest record, and how often it came in a row. */
  readonly metrics: readonly MetricId[];
  readonly values: readonly number[];
  readonly repeats: number;
  /** The earlier record that the newest one is like; -1 for none. */
  readonly like: number;
  readonly matched: number;
  /** How unlikely the match is, in bits. */
  readonly bits: number;
}

export const noReplay: Replay = {
  earlier: [],
  recent: [],
  metrics: [],
  values: [],
  repeats: 0,
  like: -1,
  matched: 0,
  bits: 0,
};

/** Records that are remembered. What is replayed from before them is not seen here. */
const printsMax = 512;
const recentMax = 32;
/** A row of fewer is chance. */
const matchedMin = 3;
/** Changes that agree by chance in one record of a thousand million. */
const bitsMin = 32;
/** A figure that moved went up or down, by little. */
const bitsPerChange = 1.5;
const repeatsMax = 64;
/** One figure alone comes again soon enough. */
const figuresMin = 2;

const places = new Map(metricIds.map((metric, place) => [metric, place]));

/** Records that repeat a row of earlier ones. */
export function replayDoubts(
  before: Replay,
  figures: readonly Figure[],
): { readonly replay: Replay; readonly doubted: readonly Doubted[] } {
  if (figures.length < figuresMin) return { replay: before, doubted: [] };
  const changes = changesOf(before, figures);
  if (changes === 0) {
    const repeats = Math.min(before.repeats + 1, repeatsMax);
    return { replay: { ...before, repeats }, doubted: doubtedOf(before, figures) };
  }
  const print = printOf(figures, before.repeats);
  const match = follow(before, print, changes * bitsPerChange);
  const replay: Replay = {
    ...append(before, print, match),
    metrics: isOf(before, figures) ? before.metrics : figures.map(({ metric }) => metric),
    values: figures.map(({ value }) => value),
    repeats: 1,
  };
  return { replay, doubted: doubtedOf(replay, figures) };
}

type Match = Pick<Replay, 'like' | 'matched' | 'bits'>;

function append(
  { earlier, recent }: Replay,
  print: number,
  { like, matched, bits }: Match,
): Match & Pick<Replay, 'earlier' | 'recent'> {
  const isForgotten = like <= earlier.length + recent.length - printsMax;
  if (recent.length < recentMax) {
    const kept = isForgotten ? -1 : like;
    return { earlier, recent: [...recent, print], like: kept, matched, bits };
  }
  const all = [...earlier, ...recent];
  const dropped = Math.max(0, all.length - printsMax);
  const kept = isForgotten ? -1 : like - dropped;
  return { earlier: all.slice(dropped), recent: [print], like: kept, matched, bits };
}

function doubtedOf({ matched, bits }: Replay, figures: readonly Figure[]): readonly Doubted[] {
  if (matched < matchedMin || bits < bitsMin) return [];
  return figures.map((figure) => ({ figure, check: 'replayed' }));
}

/** Goes on with the row that is followed, or looks for another one whose last two are these two. */
function follow(before: Replay, print: number, more: number): Match {
  const { earlier, recent, like, matched, bits } = before;
  if (like >= 0 && printAt(before, like + 1) === print) {
    return { like: like + 1, matched: matched + 1, bits: bits + more };
  }
  const count = earlier.length + recent.length;
  const newest = printAt(before, count - 1);
  const oldest = Math.max(0, count - printsMax);
  let index = lastOf(before, print, count - 2);
  while (index > oldest) {
    if (printAt(before, index - 1) === newest) return { like: index, matched: 2, bits: 2 * more };
    index = lastOf(before, print, index - 1);
  }
  return { like: -1, matched: 0, bits: 0 };
}

/** Where the print stands last at or before an index; -1 where it does not. */
function lastOf({ earlier, recent }: Replay, print: number, index: number): number {
  const inRecent = index - earlier.length;
  const place = inRecent < 0 ? -1 : recent.lastIndexOf(print, inRecent);
  if (place >= 0) return earlier.length + place;
  const inEarlier = Math.min(index, earlier.length - 1);
  return inEarlier < 0 ? -1 : earlier.lastIndexOf(print, inEarlier);
}

function printAt({ earlier, recent }: Replay, index: number): number | undefined {
  return index < earlier.length ? earlier[index] : recent[index - earlier.length];
}

function isOf({ metrics }: Replay, figures: readonly Figure[]): boolean {
  return (
    metrics.length === figures.length &&
    figures.every(({ metric }, index) => metrics[index] === metric)
  );
}

/** How many figures are not those of the record before. */
function changesOf({ metrics, values }: Replay, figures: readonly Figure[]): number {
  let changes = Math.abs(figures.length - metrics.length);
  for (let index = 0; index < figures.length; index += 1) {
    const { metric, value } = figures[index] as Figure;
    if (metrics[index] !== metric || values[index] !== value) changes += 1;
  }
  return changes;
}

/** FNV-1a, by words, over metrics, figures, and how long the record before lasted: 32 bits. */
function printOf(figures: readonly Figure[], repeats: number): number {
  let hash = mix(0x811c9dc5, repeats);
  for (const { metric, value } of figures) {
    // Devices print three decimal places at most.
    hash = mix(mix(hash, places.get(metric) ?? 0), value * 1_000);
  }
  return hash;
}

function mix(hash: number, word: number): number {
  return Math.imul(hash ^ word, 0x01000193);
}
