import type { Signal } from '../core/signal.ts';
import { clipZ } from '../features/baseline.ts';
import { trafficFeatures } from '../features/traffic-state.ts';
import { watchTraffic } from '../features/traffic-watch.ts';

/** The gateway looks once a second. */
export const tickMs = 1_000;
/** Ordinary enough for a baseline to follow, where there is no model to ask yet. */
const calmZ = 8;

export interface Played {
  readonly width: number;
  /** Rows of features, one tick after another, from the end of the enrolment on. */
  readonly values: Float32Array;
  /** The same rows before they were cut: a plain rule is not to be blinded by it. */
  readonly uncut: Float32Array;
  readonly at: readonly number[];
}

/** Plays what was seen of one device through the features, as fast as it goes. */
export function playTraffic(
  signals: readonly Signal[],
  about: string,
  perSecondMax: number,
  { from, until }: { readonly from: number; readonly until: number },
  isEnrollingShown = false,
): Played {
  const watch = watchTraffic(() => perSecondMax, Number.POSITIVE_INFINITY);
  const width = trafficFeatures.length;
  const kept = new Float32Array(Math.ceil((until - from) / tickMs) * width);
  const at: number[] = [];
  let index = 0;
  for (let now = from + tickMs; now <= until; now += tickMs) {
    const start = index;
    while (index < signals.length && (signals[index]?.at ?? 0) <= now) index += 1;
    watch.see(signals.slice(start, index));
    const { rows, z } = watch.tick(now);
    const row = rows.find((each) => each.about === about);
    if (!row || !(row.isEnrolled || isEnrollingShown)) continue;
    const vector = z.subarray(row.offset, row.offset + width);
    kept.set(vector, at.length * width);
    at.push(now);
    if (vector.every((each) => Math.abs(each) < calmZ)) watch.calm(about);
  }
  const uncut = kept.subarray(0, at.length * width);
  const values = uncut.map((z) => Math.min(clipZ, Math.max(-clipZ, z)));
  return { width, values, uncut, at };
}
