import type { MetricId } from '../core/metric.ts';
import {
  changeLimits,
  type StillLimit,
  stillLimits,
  stillTogether,
  stillTogetherLimit,
} from '../core/physiology.ts';
import type { Doubted, Figure } from './doubt.ts';

/**
 * The last reading of each metric. It is written anew with each record, so it is one row of plain
 * figures: an object for each metric would cost several times as much.
 */
export interface Course {
  readonly metrics: readonly MetricId[];
  /** For each metric in turn: its value, when, since when it is this value, and for how many readings. */
  readonly lasts: readonly number[];
}

export const noCourse: Course = { metrics: [], lasts: [] };

/** Figures of one metric, and where they stand among its own. */
const width = 4;
const valueAt = 0;
const timeAt = 1;
const sinceAt = 2;
const readingsAt = 3;

const restless: ReadonlySet<MetricId> = new Set(stillTogether.flat());

const minuteMs = 60_000;

/** What moved too fast, and what does not move at all. */
export function courseDoubts(
  before: Course,
  figures: readonly Figure[],
): { readonly course: Course; readonly doubted: readonly Doubted[] } {
  const metrics = withMetrics(before.metrics, figures);
  const lasts = before.lasts.slice();
  const course: Course = { metrics, lasts };
  const doubted: Doubted[] = [];
  for (let index = 0; index < figures.length; index += 1) {
    const figure = figures[index] as Figure;
    const { metric, value, at } = figure;
    // Devices say the same metrics in the same order again and again.
    const place = width * (metrics[index] === metric ? index : metrics.indexOf(metric));
    const isKnown = place < before.lasts.length;
    const lastAt = before.lasts[place + timeAt] as number;
    // Told late: what came after it has been looked at.
    if (isKnown && at < lastAt) continue;
    const last = before.lasts[place + valueAt] as number;
    if (isKnown && isTooFast(last, lastAt, figure)) doubted.push({ figure, check: 'change' });
    const isSame = isKnown && last === value;
    lasts[place + valueAt] = value;
    lasts[place + timeAt] = at;
    lasts[place + sinceAt] = isSame ? (before.lasts[place + sinceAt] as number) : at;
    lasts[place + readingsAt] = isSame ? (before.lasts[place + readingsAt] as number) + 1 : 1;
    const limit = stillLimits[metric];
    if (limit && isStill(course, place, limit)) doubted.push({ figure, check: 'still' });
  }
  if (areStill(course, figures)) {
    for (const figure of figures) {
      if (restless.has(figure.metric)) doubted.push({ figure, check: 'still' });
    }
  }
  return { course, doubted };
}

/** The same array when there is nothing new among them. */
function withMetrics(
  metrics: readonly MetricId[],
  figures: readonly Figure[],
): readonly MetricId[] {
  const isNew = ({ metric }: Figure, index: number) =>
    metrics[index] !== metric && !metrics.includes(metric);
  if (!figures.some(isNew)) return metrics;
  return [...new Set([...metrics, ...figures.map(({ metric }) => metric)])];
}

function isTooFast(last: number, lastAt: number, { metric, value, at }: Figure): boolean {
  const limit = changeLimits[metric];
  if (!limit) return false;
  const minutes = (at - lastAt) / minuteMs;
  return Math.abs(value - last) > limit.step + limit.perMinute * minutes;
}

function isStill({ lasts }: Course, place: number, { ms, readings }: StillLimit): boolean {
  const forMs = (lasts[place + timeAt] as number) - (lasts[place + sinceAt] as number);
  return forMs >= ms && (lasts[place + readingsAt] as number) >= readings;
}

/** One of each group is in this record, and all of them stand still. */
function areStill(course: Course, figures: readonly Figure[]): boolean {
  return stillTogether.every((group) => {
    const told = figures.find(({ metric }) => group.includes(metric));
    const place = told ? width * course.metrics.indexOf(told.metric) : -1;
    return place >= 0 && isStill(course, place, stillTogetherLimit);
  });
}
