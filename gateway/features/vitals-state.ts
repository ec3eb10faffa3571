import type { MetricId } from '../core/metric.ts';
import { courseFeatures, goOn, stale, startCourse, type VitalCourse } from './vital-course.ts';
import { type Vital, vitalOf, vitals } from './vital-signs.ts';

/** What is remembered of one patient on one device. Plain data of a bounded size: it survives JSON. */
export interface VitalsState {
  readonly courses: Partial<Record<Vital, VitalCourse>>;
  /** The newest value of each signal since the last look. */
  fresh: Partial<Record<Vital, { value: number; at: number }>>;
  /** When was looked last; 0: never. */
  lookedAt: number;
  /** Sliding difference of the two mean pressures. */
  apart: number;
  apartSeen: number;
}

/** Patients are looked at as charts are kept: the models are made from rows no closer than this. */
export const lookEveryMs = 30 * 60_000;

const crossFeatures = [
  'cuff-mean-offset',
  'line-mean-offset',
  'cuff-pulse-ratio',
  'line-pulse-ratio',
  'shock-index',
  'line-against-cuff',
  'still-together',
  'moved-together',
] as const;

/** What stands where in a vector. A model is made for these names in this order. */
export const vitalsFeatures: readonly string[] = [
  ...vitals.flatMap((vital) => courseFeatures.map((feature) => `${vital}-${feature}`)),
  ...crossFeatures,
];

const crossOffset = vitals.length * courseFeatures.length;
const deviationPlace = courseFeatures.indexOf('deviation');
const runPlace = courseFeatures.indexOf('run');
/** Beyond any vital sign; what is not a number is none either. */
const valueMax = 1e6;
/** Fewer signals are not “together”. */
const togetherMin = 2;
const apartShare = 1 / 6;
const apartSettled = 3;
/** A pulse pressure of less is no base to measure a mean by, in mmHg. */
const pulsePressureMin = 5;

export function startVitals(): VitalsState {
  return { courses: {}, fresh: {}, lookedAt: 0, apart: 0, apartSeen: 0 };
}

/** Takes in one value; what it costs does not depend on what came before. */
export function seeVital(state: VitalsState, metric: MetricId, value: number, at: number): void {
  const vital = vitalOf(metric);
  if (vital === undefined || !(Math.abs(value) <= valueMax)) return;
  const before = state.fresh[vital];
  if (before === undefined) state.fresh[vital] = { value, at };
  else if (at >= before.at) {
    before.value = value;
    before.at = at;
  }
}

/** A look is due, and there is something to look at. */
export function isLookDue({ fresh, lookedAt }: VitalsState, now: number): boolean {
  if (now - lookedAt < lookEveryMs) return false;
  for (const _ in fresh) return true;
  return false;
}

/** How the values since the last look stand against each other and the patient's own; NaN: nothing said. */
export function lookAtVitals(state: VitalsState, now: number): Float32Array {
  const vector = new Float32Array(vitalsFeatures.length).fill(Number.NaN);
  for (const [index, vital] of vitals.entries()) {
    const offset = index * courseFeatures.length;
    const told = state.fresh[vital];
    const course = state.courses[vital];
    if (told === undefined) {
      if (course) stale(course, now, vector, offset);
    } else if (course === undefined) {
      state.courses[vital] = startCourse(told.value, told.at);
      vector[offset] = told.value;
      // Told late: what came after it has been looked at.
    } else if (told.at >= course.at) goOn(course, told.value, told.at, vector, offset);
  }
  const value = (vital: Vital) => state.fresh[vital]?.value ?? Number.NaN;
  vector.set(
    [
      ...crossOf(value),
      apartOf(state, value('line-mean') - value('cuff-mean')),
      ...togetherOf(vector),
    ],
    crossOffset,
  );
  state.fresh = {};
  state.lookedAt = now;
  return vector;
}

function crossOf(value: (vital: Vital) => number): readonly number[] {
  const places = ['cuff', 'line'] as const;
  const offsets = places.map((place) => {
    const pressure = value(`${place}-systolic`) - value(`${place}-diastolic`);
    const expected = value(`${place}-diastolic`) + pressure / 3;
    return (value(`${place}-mean`) - expected) / Math.max(pulsePressureMin, pressure);
  });
  const ratios = places.map((place) => {
    const systolic = value(`${place}-systolic`);
    return (systolic - value(`${place}-diastolic`)) / Math.max(pulsePressureMin, systolic);
  });
  const line = value('line-systolic');
  const systolic = Number.isNaN(line) ? value('cuff-systolic') : line;
  return [...offsets, ...ratios, value('heart') / Math.max(pulsePressureMin, systolic)];
}

/** How far the line has moved away from the cuff, by how far they usually are apart. */
function apartOf(state: VitalsState, difference: number): number {
  if (Number.isNaN(difference)) return Number.NaN;
  const { apart, apartSeen } = state;
  const share = Math.max(apartShare, 1 / (1 + apartSeen));
  state.apart += share * (difference - apart);
  if (apartSeen < apartSettled) {
    state.apartSeen += 1;
    return Number.NaN;
  }
  return difference - apart;
}

/** How long all that is told stands still, and how far all of it moved. */
function togetherOf(vector: Float32Array): readonly [still: number, moved: number] {
  let [runs, runMin, deviations, squares] = [0, Number.POSITIVE_INFINITY, 0, 0];
  let runSum = 0;
  for (let offset = 0; offset < crossOffset; offset += courseFeatures.length) {
    const run = vector[offset + runPlace] ?? Number.NaN;
    const deviation = vector[offset + deviationPlace] ?? Number.NaN;
    if (!Number.isNaN(run)) {
      runs += 1;
      runSum += run;
      runMin = Math.min(runMin, run);
    }
    if (!Number.isNaN(deviation)) {
      deviations += 1;
      squares += deviation ** 2;
    }
  }
  return [
    runs >= togetherMin ? runMin + (runMin > 0 ? runSum : 0) : Number.NaN,
    deviations >= togetherMin ? Math.sqrt(squares / deviations) : Number.NaN,
  ];
}
