import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type MetricId, metricIds } from '../../../gateway/core/metric.ts';
import { vitals } from '../../../gateway/features/vital-signs.ts';
import {
  isLookDue,
  lookAtVitals,
  lookEveryMs,
  seeVital,
  startVitals,
  type VitalsState,
  vitalsFeatures,
} from '../../../gateway/features/vitals-state.ts';
import { noon } from '../../support/wards.ts';

const metric = fc.constantFrom<MetricId>(
  'MDC_ECG_HEART_RATE',
  'MDC_PULS_OXIM_SAT_O2',
  'MDC_PRESS_BLD_NONINV_SYS',
  'MDC_PRESS_BLD_NONINV_DIA',
  'MDC_PRESS_BLD_NONINV_MEAN',
  'MDC_PRESS_BLD_ART_ABP_MEAN',
  ...metricIds.slice(0, 5),
);
const told = fc.record({
  metric,
  value: fc.oneof(fc.double(), fc.integer({ min: 0, max: 300 })),
  lateMs: fc.integer({ min: -86_400_000, max: 86_400_000 }),
});
const looks = fc.array(fc.array(told, { maxLength: 8 }), { maxLength: 40 });

function play(state: VitalsState, rows: typeof looks extends fc.Arbitrary<infer R> ? R : never) {
  return rows.map((row, index) => {
    const now = noon + index * lookEveryMs;
    for (const one of row) seeVital(state, one.metric, one.value, now + one.lateMs);
    return lookAtVitals(state, now);
  });
}

type Values = Partial<Record<MetricId, number>>;

/** The vector after looks at these values, half an hour apart. */
function vectorAfter(rows: readonly Values[]) {
  const state = startVitals();
  let vector = new Float32Array(0);
  for (const [index, row] of rows.entries()) {
    const now = noon + index * lookEveryMs;
    for (const [name, value] of Object.entries(row)) seeVital(state, name as MetricId, value, now);
    vector = Float32Array.from(lookAtVitals(state, now));
  }
  return (name: string) => {
    expect(vitalsFeatures).toContain(name);
    return vector[vitalsFeatures.indexOf(name)] ?? Number.NaN;
  };
}

const restless = (index: number): Values => ({
  MDC_ECG_HEART_RATE: 80 + ((index * 7) % 5),
  MDC_RESP_RATE: 16 + ((index * 3) % 4),
});
const times = (count: number, row: (index: number) => Values) =>
  Array.from({ length: count }, (_, index) => row(index));

describe('the vector of vital signs', () => {
  it('is of one length, never infinite, and of a bounded state, whatever is told', () => {
    fc.assert(
      fc.property(looks, (rows) => {
        const state = startVitals();
        for (const vector of play(state, rows)) {
          expect(vector).toHaveLength(vitalsFeatures.length);
          expect(vector.some((each) => Math.abs(each) === Number.POSITIVE_INFINITY)).toBe(false);
        }
        expect(Object.keys(state.courses).length).toBeLessThanOrEqual(vitals.length);
        expect(JSON.stringify(state).length).toBeLessThan(4_096);
      }),
    );
  });

  it('goes on from JSON as if nothing had been', () => {
    fc.assert(
      fc.property(looks, looks, (before, rest) => {
        const state = startVitals();
        play(state, before);
        const other = JSON.parse(JSON.stringify(state)) as VitalsState;
        expect(play(other, rest)).toEqual(play(state, rest));
      }),
    );
  });

  it('says nothing where nothing was said: no value is not zero', () => {
    const feature = vectorAfter(times(8, restless));
    expect(feature('cuff-systolic-level')).toBeNaN();
    expect(feature('shock-index')).toBeNaN();
    expect(feature('heart-level')).toBeGreaterThan(0);
  });

  it('tells a signal that stands still, and how long all of them do', () => {
    const still = { MDC_ECG_HEART_RATE: 71, MDC_RESP_RATE: 14 };
    const feature = vectorAfter([...times(10, restless), ...times(6, () => still)]);
    expect(feature('heart-run')).toBeCloseTo(Math.log(6));
    expect(feature('still-together')).toBeCloseTo(3 * Math.log(6));
    expect(vectorAfter(times(16, restless))('still-together')).toBe(0);
  });

  it('tells a jump away from what is usual of this patient, and its direction', () => {
    const jump = (to: number) =>
      vectorAfter([...times(12, restless), { MDC_ECG_HEART_RATE: to, MDC_RESP_RATE: 16 }]);
    expect(jump(150)('heart-deviation')).toBeGreaterThan(3);
    expect(jump(30)('heart-deviation')).toBeLessThan(-3);
    expect(jump(82)('heart-rate')).toBeLessThan(jump(150)('heart-rate'));
  });

  it('tells a mean pressure that the other two do not bear out', () => {
    const pressures = (mean: number): Values => ({
      MDC_PRESS_BLD_NONINV_SYS: 120,
      MDC_PRESS_BLD_NONINV_DIA: 60,
      MDC_PRESS_BLD_NONINV_MEAN: mean,
    });
    expect(vectorAfter([pressures(80)])('cuff-mean-offset')).toBeCloseTo(0);
    expect(vectorAfter([pressures(110)])('cuff-mean-offset')).toBeCloseTo(0.5);
    expect(vectorAfter([pressures(80)])('cuff-pulse-ratio')).toBeCloseTo(0.5);
  });

  it('tells a signal that is not told any more, by how often it used to be', () => {
    const rest = times(12, () => ({ MDC_RESP_RATE: 16 }));
    expect(vectorAfter([...times(10, restless), ...rest])('heart-stale')).toBeGreaterThan(
      Math.log(10),
    );
  });

  it('looks no more often than charts are kept, and not at nothing', () => {
    const state = startVitals();
    expect(isLookDue(state, noon)).toBe(false);
    seeVital(state, 'MDC_ECG_HEART_RATE', 80, noon);
    expect(isLookDue(state, noon)).toBe(true);
    lookAtVitals(state, noon);
    seeVital(state, 'MDC_ECG_HEART_RATE', 81, noon + 1_000);
    expect(isLookDue(state, noon + lookEveryMs - 1)).toBe(false);
    expect(isLookDue(state, noon + lookEveryMs)).toBe(true);
  });
});
