/** How regularly something happens. */
export interface Rhythm {
  readonly everyMs: number;
  /** Of the events in time, at the lag of their usual interval: 1 is a clock, 0 is chance. */
  readonly autocorrelation: number;
}

/** A usual interval is so many bins, so that a tenth more or less falls into the same or the next. */
const binsPerInterval = 4;
/** Longer than this is no rhythm: a pause took most of the time. */
const binsMax = 512;
/** The usual interval, a quarter less, a quarter more. */
const lags = [binsPerInterval - 1, binsPerInterval, binsPerInterval + 1];

/**
 * Lag autocorrelation of events: counted in bins of a quarter of the median interval, smoothed by the
 * bins beside them, correlated with themselves about one median interval later. Undefined for less
 * than three events, or where no rhythm can be told. `times` ascend, in milliseconds.
 */
export function rhythmOf(times: readonly number[]): Rhythm | undefined {
  const first = times[0];
  const last = times.at(-1);
  if (first === undefined || last === undefined || times.length < 3) return undefined;
  const intervals = times.slice(1).map((time, index) => time - (times[index] ?? time));
  const everyMs = intervals.sort((a, b) => a - b)[intervals.length >> 1] ?? 0;
  const binMs = everyMs / binsPerInterval;
  if (!(binMs > 0) || (last - first) / binMs > binsMax) return undefined;
  const course = smoothed(times, first, binMs, Math.floor((last - first) / binMs) + 3);
  const autocorrelation = Math.max(0, ...lags.map((lag) => correlation(course, lag)));
  return { everyMs, autocorrelation: Math.min(1, autocorrelation) };
}

function smoothed(
  times: readonly number[],
  first: number,
  binMs: number,
  length: number,
): Float64Array {
  const course = new Float64Array(length);
  for (const time of times) {
    const bin = Math.floor((time - first) / binMs);
    for (const [offset, weight] of [0.5, 1, 0.5].entries()) {
      course[bin + offset] = (course[bin + offset] ?? 0) + weight;
    }
  }
  return course;
}

function correlation(course: Float64Array, lag: number): number {
  const mean = course.reduce((sum, each) => sum + each, 0) / course.length;
  const variance = course.reduce((sum, each) => sum + (each - mean) ** 2, 0);
  if (variance === 0 || course.length <= lag) return 0;
  let product = 0;
  for (let index = 0; index + lag < course.length; index += 1) {
    product += ((course[index] ?? 0) - mean) * ((course[index + lag] ?? 0) - mean);
  }
  return (product / variance) * (course.length / (course.length - lag));
}
