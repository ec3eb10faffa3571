import { lookedAtTicks, strangeTicks } from '../core/alarm-rule.ts';

/**
 * The smoothed score of each tick: the third largest of the last five. It is above a threshold
 * exactly when three of the five are.
 */
export function smoothed(scores: Float32Array): Float32Array {
  const last = new Float64Array(lookedAtTicks).fill(Number.NEGATIVE_INFINITY);
  const sorted = new Float64Array(lookedAtTicks);
  return scores.map((score, tick) => {
    last[tick % lookedAtTicks] = score;
    if (tick + 1 < strangeTicks) return 0;
    sorted.set(last);
    return sorted.sort()[lookedAtTicks - strangeTicks] as number;
  });
}

/** @param share from 0 to 1; the values are sorted in place */
export function quantile(values: Float32Array, share: number): number {
  values.sort();
  return values[Math.min(values.length - 1, Math.floor(share * values.length))] ?? 0;
}

/** Separate alarms: those with at least `gapTicks` of quiet before them. */
function episodes(scores: Float32Array, threshold: number, gapTicks: number): number {
  let count = 0;
  let last = Number.NEGATIVE_INFINITY;
  for (const [tick, score] of scores.entries()) {
    if (score <= threshold) continue;
    if (tick - last >= gapTicks) count += 1;
    last = tick;
  }
  return count;
}

const ticksPerDay = 86_400;

/** Steps by which a threshold rises until it keeps its budget. */
const stepFactor = 1.02;
const stepsMax = 400;

export interface Budget {
  /** The share of ordinary ticks above the threshold. */
  readonly nominal: number;
  /** Alarms a device and day. */
  readonly alarmsPerDay: number;
}

/**
 * The threshold that ordinary devices keep within a budget: the quantile of their smoothed scores
 * (split conformal), raised until they also raise no more alarms than that.
 *
 * @param devices smoothed scores, one a tick, of each device
 */
export function calibrate(
  devices: readonly Float32Array[],
  { nominal, alarmsPerDay }: Budget,
  gapTicks: number,
): number {
  const ticks = devices.reduce((sum, { length }) => sum + length, 0);
  const all = new Float32Array(ticks);
  let offset = 0;
  for (const scores of devices) {
    all.set(scores, offset);
    offset += scores.length;
  }
  let threshold = quantile(all, 1 - nominal);
  const alarmsMax = (alarmsPerDay * ticks) / ticksPerDay;
  for (let step = 0; step < stepsMax; step += 1) {
    const alarms = devices.reduce((sum, each) => sum + episodes(each, threshold, gapTicks), 0);
    if (alarms <= alarmsMax) break;
    threshold *= stepFactor;
  }
  return threshold;
}

export interface FalseAlarms {
  /** The share of ordinary ticks that alarmed. */
  readonly rate: number;
  readonly perDeviceDay: number;
  readonly deviceDays: number;
}

export function falseAlarms(
  devices: readonly Float32Array[],
  threshold: number,
  gapTicks: number,
): FalseAlarms {
  let [ticks, above, alarms] = [0, 0, 0];
  for (const scores of devices) {
    ticks += scores.length;
    alarms += episodes(scores, threshold, gapTicks);
    for (const score of scores) if (score > threshold) above += 1;
  }
  const deviceDays = ticks / ticksPerDay;
  return { rate: above / ticks, perDeviceDay: alarms / deviceDays, deviceDays };
}

/** True positives at a false-positive rate: a point of a curve. */
export interface RocPoint {
  readonly falsePositive: number;
  readonly truePositive: number;
}

const rocRates = [1e-5, 3e-5, 1e-4, 3e-4, 1e-3, 2e-3, 3e-3, 1e-2, 3e-2, 1e-1, 1];

/** The curve near zero, where a ward lives. */
export function rocNearZero(ordinary: Float32Array, attacked: Float32Array): readonly RocPoint[] {
  const sorted = Float32Array.from(ordinary).sort();
  return rocRates.map((falsePositive) => {
    const index = Math.floor((1 - falsePositive) * sorted.length);
    const threshold = index <= 0 ? Number.NEGATIVE_INFINITY : (sorted[index] ?? sorted.at(-1) ?? 0);
    const above = attacked.reduce((count, score) => count + (score > threshold ? 1 : 0), 0);
    return { falsePositive, truePositive: above / Math.max(1, attacked.length) };
  });
}
