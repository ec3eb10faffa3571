import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Metric, type MetricId, metricIds, metrics } from '../../../gateway/core/metric.ts';
import type { Instant } from '../../../gateway/core/observation.ts';
import { pulseWave, vitalSigns } from '../../../gateway/core/simulated-patient.ts';

const seeds = fc.integer();
const instants = fc.integer({ min: 0, max: 4e12 }).map((at) => at as Instant);
const figures = metricIds.filter((id) => (metrics[id] as Metric).shape !== 'samples');

describe('a simulated patient', () => {
  it('has a plausible value for every metric that is one figure', () => {
    fc.assert(
      fc.property(seeds, instants, (seed, at) => {
        const values = vitalSigns(seed, at);
        expect(figures.filter((id) => !isPlausible(id, values[id]))).toEqual([]);
      }),
    );
  });

  it('has a systolic pressure above the mean and the mean above the diastolic', () => {
    fc.assert(
      fc.property(seeds, instants, (seed, at) => {
        const values = vitalSigns(seed, at);
        const { MDC_PRESS_BLD_NONINV_SYS: systolic = 0, MDC_PRESS_BLD_NONINV_MEAN: mean = 0 } =
          values;
        expect(systolic).toBeGreaterThan(mean);
        expect(mean).toBeGreaterThan(values.MDC_PRESS_BLD_NONINV_DIA ?? 0);
      }),
    );
  });

  it('moves smoothly and is the same when asked again', () => {
    fc.assert(
      fc.property(seeds, instants, (seed, at) => {
        const now = vitalSigns(seed, at);
        expect(vitalSigns(seed, at)).toEqual(now);
        const next = vitalSigns(seed, (at + 1_000) as Instant);
        expect(
          Math.abs((next.MDC_ECG_HEART_RATE ?? 0) - (now.MDC_ECG_HEART_RATE ?? 0)),
        ).toBeLessThan(2);
      }),
    );
  });

  it('differs from the next patient', () => {
    const at = 1_795_341_600_000 as Instant;
    const rates = Array.from({ length: 50 }, (_, seed) => vitalSigns(seed, at).MDC_ECG_HEART_RATE);
    expect(new Set(rates).size).toBeGreaterThan(5);
  });

  it('has a pulse wave between 0 and 1 that repeats with the heart', () => {
    const wave = pulseWave(60, 0 as Instant, 200, 10);
    expect(Math.min(...wave)).toBeGreaterThanOrEqual(0);
    expect(Math.max(...wave)).toBeLessThanOrEqual(1);
    expect(Math.max(...wave) - Math.min(...wave)).toBeGreaterThan(0.5);
    for (let index = 0; index < 100; index += 1) {
      expect(wave[index + 100]).toBeCloseTo(wave[index] ?? 0, 6);
    }
  });
});

function isPlausible(id: MetricId, value: number | undefined): boolean {
  const [low, high] = metrics[id].plausible;
  return value !== undefined && value >= low && value <= high;
}
