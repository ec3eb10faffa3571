/** How one signal of one patient went on, by its looks. Plain data of a fixed size. */
export interface VitalCourse {
  value: number;
  at: number;
  /** Sliding mean and variances: the patient's own. */
  mean: number;
  shortVariance: number;
  longVariance: number;
  /** Sliding change an hour. */
  slope: number;
  /** Looks in a row with this very value. */
  run: number;
  /** Sliding time between looks. */
  gapMs: number;
  /** Sliding count of decimal places. */
  places: number;
  /** Looks taken in, up to where the shares are the final ones. */
  seen: number;
}

/** What stands where among the figures of one signal. */
export const courseFeatures = [
  'level',
  'deviation',
  'slope',
  'rate',
  'variance-ratio',
  'run',
  'stale',
  'resolution',
] as const;

const longShare = 1 / 12;
const shortShare = 1 / 3;
const seenMax = 1_000;
/** Before so many looks nobody knows what is usual of a patient. */
const settledSeen = 4;
/** Of a signal that never moved: one deviation, as a part of its value. */
const deviationShareMin = 0.01;
const varianceMin = 1e-6;
/** Looks closer than this are not told apart by time. */
const hoursMin = 0.25;
const runMax = 1_000;
const hourMs = 3_600_000;
const placesMax = 3;

export function startCourse(value: number, at: number): VitalCourse {
  const still = { shortVariance: 0, longVariance: 0, slope: 0, gapMs: 0 };
  return { value, at, mean: value, ...still, run: 1, places: placesOf(value), seen: 1 };
}

/**
 * Writes how a new value stands against the course before it; NaN where nothing can be said yet.
 * Then takes it in.
 */
export function goOn(
  course: VitalCourse,
  value: number,
  at: number,
  into: Float32Array,
  offset: number,
): void {
  const { mean, seen, places } = course;
  const hours = Math.max(hoursMin, (at - course.at) / hourMs);
  const change = value - course.value;
  const distance = value - mean;
  const isSettled = seen >= settledSeen;
  const deviation = Math.max(Math.sqrt(course.longVariance), Math.abs(mean) * deviationShareMin);
  take(course, value, at, hours);
  const ratio = (course.shortVariance + varianceMin) / (course.longVariance + varianceMin);
  const figures: readonly number[] = [
    value,
    isSettled ? signedLog(distance / Math.max(deviation, varianceMin)) : Number.NaN,
    isSettled ? signedLog(course.slope) : Number.NaN,
    Math.log1p(Math.abs(change) / hours),
    isSettled ? Math.log(ratio) : Number.NaN,
    Math.log(course.run),
    0,
    isSettled ? placesOf(value) - places : Number.NaN,
  ];
  into.set(figures, offset);
}

/** Writes what silence of a signal says: how long it lasts, by how often the signal is told. */
export function stale(course: VitalCourse, at: number, into: Float32Array, offset: number): void {
  if (course.seen < settledSeen) return;
  const gaps = (at - course.at) / Math.max(hoursMin * hourMs, course.gapMs);
  into[offset + courseFeatures.indexOf('stale')] = Math.log1p(Math.max(0, gaps));
}

function take(course: VitalCourse, value: number, at: number, hours: number): void {
  const { mean, seen } = course;
  const long = Math.max(longShare, 1 / (1 + seen));
  const short = Math.max(shortShare, 1 / (1 + seen));
  const change = value - course.value;
  const distance = value - mean;
  course.run = change === 0 ? Math.min(runMax, course.run + 1) : 1;
  course.slope += short * (change / hours - course.slope);
  course.mean += long * distance;
  course.longVariance = (1 - long) * (course.longVariance + long * distance * distance);
  course.shortVariance += short * ((change * change) / 2 - course.shortVariance);
  course.gapMs += long * (Math.max(0, at - course.at) - course.gapMs);
  course.places += long * (placesOf(value) - course.places);
  course.value = value;
  course.at = at;
  course.seen = Math.min(seenMax, seen + 1);
}

const signedLog = (value: number): number => Math.sign(value) * Math.log1p(Math.abs(value));

function placesOf(value: number): number {
  for (let places = 0; places < placesMax; places += 1) {
    const scaled = value * 10 ** places;
    if (Math.abs(scaled - Math.round(scaled)) < 1e-6) return places;
  }
  return placesMax;
}
