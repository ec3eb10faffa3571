/**
 * How an identity usually is, feature by feature. Plain data of a bounded size. Where the centre is
 * infinite nothing is expected of that feature, so nothing of it is unusual.
 */
export interface Baseline {
  /** Looks of the enrolment, while it lasts: one in `lookMs`. Empty once it is over. */
  looks: number[][];
  /** Medians of the enrolment, which follow slowly; empty before. */
  centre: number[];
  /** How far it moves about them: standard deviations. */
  spread: number[];
  /** Time since the first look was due. */
  elapsedMs: number;
}

const enrolmentMs = 600_000;
const lookMs = 10_000;
const looksMax = enrolmentMs / lookMs;

/** A device that never moves is not to be alarmed about by a hair. */
const spreadMin = 0.05;
export const clipZ = 30;
/** How slowly the baseline follows: in this time it goes two thirds of the way. */
const followMs = 3_600_000;
/** Further than this from the baseline nothing is learned at once. */
const followZ = 4;

export function startBaseline(): Baseline {
  return { looks: [], centre: [], spread: [], elapsedMs: 0 };
}

export const isEnrolled = ({ centre }: Baseline): boolean => centre.length > 0;

/** Takes a look for the enrolment, where one is due; at its end the baseline stands. */
export function enrol(baseline: Baseline, vector: Float32Array, elapsedMs: number): void {
  baseline.elapsedMs += elapsedMs;
  if (baseline.elapsedMs < lookMs * (baseline.looks.length + 1)) return;
  baseline.looks.push(Array.from(vector));
  if (baseline.looks.length < looksMax) return;
  const size = vector.length;
  // What came before its counters had filled is not how it usually is.
  const looks = baseline.looks.slice(looksMax / 5);
  for (let feature = 0; feature < size; feature += 1) {
    const column = looks.map((look) => look[feature] ?? 0).sort((a, b) => a - b);
    const mean = column.reduce((sum, value) => sum + value, 0) / column.length;
    const variance = column.reduce((sum, value) => sum + (value - mean) ** 2, 0) / column.length;
    baseline.centre.push(column[column.length >> 1] ?? 0);
    baseline.spread.push(Math.sqrt(variance));
  }
  baseline.looks = [];
}

/**
 * Writes how far from usual each feature is, in standard deviations, cut at `zMax`. Of the first
 * `counts` features only too much is told.
 */
export function standardise(
  { centre, spread }: Baseline,
  vector: Float32Array,
  counts: number,
  into: Float32Array,
  offset = 0,
  zMax = clipZ,
): void {
  for (let feature = 0; feature < vector.length; feature += 1) {
    const usual = centre[feature] ?? 0;
    const scale = Math.max(spreadMin, spread[feature] ?? 0);
    const z = ((vector[feature] ?? 0) - usual) / scale;
    const low = feature < counts ? 0 : -zMax;
    into[offset + feature] = Number.isFinite(usual) ? Math.min(zMax, Math.max(low, z)) : 0;
  }
}

/** What is usual follows what is, slowly, and not further than an outlier may pull it. */
export function follow(
  { centre, spread }: Baseline,
  vector: Float32Array,
  elapsedMs: number,
): void {
  const weight = 1 - Math.exp(-elapsedMs / followMs);
  for (let feature = 0; feature < centre.length; feature += 1) {
    const scale = Math.max(spreadMin, spread[feature] ?? 0);
    const reach = followZ * scale;
    const distance = (vector[feature] ?? 0) - (centre[feature] ?? 0);
    const step = Math.min(reach, Math.max(-reach, distance));
    centre[feature] = (centre[feature] ?? 0) + weight * step;
    const variance = (spread[feature] ?? 0) ** 2;
    spread[feature] = Math.sqrt(Math.max(0, variance + weight * (step * step - variance)));
  }
}
