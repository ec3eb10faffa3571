import type { MetricId } from '../core/metric.ts';
import {
  changeLimits,
  type StillLimit,
  stillLimits,
  stillTogether,
  stillTogetherLimit,
} from '../core/physiology.ts';
import type { Doubted, Figure } from './doubt.ts';

interface Last {
  readonly value: number;
  readonly at: number;
  /** Since when, and how many readings long, it is this value. */
  readonly since: number;
  readonly readings: number;
}

export type Course = Readonly<Partial<Record<MetricId, Last>>>;

export const noCourse: Course = {};

const restless: ReadonlySet<MetricId> = new Set(stillTogether.flat());

const minuteMs = 60_000;

/** What moved too fast, and what does not move at all. */
export function courseDoubts(
  before: Course,
  figures: readonly Figure[],
): { readonly course: Course; readonly doubted: readonly Doubted[] } {
  const course: Partial<Record<MetricId, Last>> = { ...before };
  const doubted: Doubted[] = [];
  for (const figure of figures) {
    const { metric, value, at } = figure;
    const last = before[metric];
    // Told late: what came after it has been looked at.
    if (last && at < last.at) continue;
    if (last && isTooFast(last, figure)) doubted.push({ figure, check: 'change' });
    const isSame = last?.value === value;
    const since = isSame ? last.since : at;
    course[metric] = { value, at, since, readings: isSame ? last.readings + 1 : 1 };
    const limit = stillLimits[metric];
    if (limit && isStill(course[metric], limit)) doubted.push({ figure, check: 'still' });
  }
  if (areStill(course, figures)) {
    for (const figure of figures) {
      if (restless.has(figure.metric)) doubted.push({ figure, check: 'still' });
    }
  }
  return { course, doubted };
}

function isTooFast(last: Last, { metric, value, at }: Figure): boolean {
  const limit = changeLimits[metric];
  if (!limit) return false;
  const minutes = (at - last.at) / minuteMs;
  return Math.abs(value - last.value) > limit.step + limit.perMinute * minutes;
}

function isStill({ since, at, readings }: Last, { ms, readings: many }: StillLimit): boolean {
  return at - since >= ms && readings >= many;
}

/** One of each group is in this record, and all of them stand still. */
function areStill(course: Course, figures: readonly Figure[]): boolean {
  return stillTogether.every((group) => {
    const told = figures.find(({ metric }) => group.includes(metric));
    const last = told && course[told.metric];
    return last !== undefined && isStill(last, stillTogetherLimit);
  });
}
