import { describe, expect, it } from 'vitest';
import type { DeviceId } from '../../../gateway/core/device.ts';
import type { MetricId } from '../../../gateway/core/metric.ts';
import type { Instant, Observation } from '../../../gateway/core/observation.ts';
import { check } from '../../../gateway/stages/check.ts';

const common = {
  id: 'k.0',
  device: 'mon-1' as DeviceId,
  at: 5 as Instant,
  receivedAt: 7 as Instant,
  clock: 'gateway',
  quality: 'good',
} as const;

function numeric(metric: MetricId, value: number): Observation {
  return { ...common, kind: 'numeric', metric, value };
}

function pressures(site: 'NONINV' | 'ART', sys: number, mean: number, dia: number): Observation[] {
  return [
    numeric(`MDC_PRESS_BLD_${site}_SYS`, sys),
    numeric(`MDC_PRESS_BLD_${site}_MEAN`, mean),
    numeric(`MDC_PRESS_BLD_${site}_DIA`, dia),
  ];
}

describe('what a living patient could have', () => {
  it('passes untouched, in the very same array', () => {
    const observations = [
      numeric('MDC_PULS_OXIM_SAT_O2', 100),
      numeric('MDC_RESP_RATE', 0),
      ...pressures('NONINV', 120, 90, 75),
      ...pressures('ART', 300, 200, 150),
    ];
    const { observations: passed, rejected } = check(observations);
    expect(passed).toBe(observations);
    expect(rejected).toEqual([]);
  });

  it('includes a flat arterial line, as in cardiac arrest', () => {
    const observations = pressures('ART', 31, 31, 31);
    expect(check(observations).observations).toBe(observations);
  });

  it('includes the absence of a value, and every alert', () => {
    const observations: Observation[] = [
      { ...common, kind: 'numeric', metric: 'MDC_PULS_OXIM_SAT_O2', absent: 'sensor-off' },
      { ...common, kind: 'alert', event: 'MDC_EVT_ALARM', phase: 'start', priority: 'high' },
      {
        ...common,
        kind: 'samples',
        metric: 'MDC_PULS_OXIM_PLETH',
        periodMs: 10,
        value: [-9e6, 9e6],
      },
    ];
    expect(check(observations).observations).toBe(observations);
  });
});

describe('what no patient could have', () => {
  it.each([
    ['MDC_PULS_OXIM_SAT_O2', 101, '%'],
    ['MDC_PULS_OXIM_SAT_O2', 0, '%'],
    ['MDC_ECG_HEART_RATE', 999, '/min'],
    ['MDC_TEMP_BODY', 98.6, 'Cel'],
    ['MDC_PRESS_BLD_NONINV_SYS', 8_388_607, 'mm[Hg]'],
    ['LN_2823_3', -0.1, 'mmol/L'],
  ] as const)('such as %s = %d is set aside alone', (metric, value, unit) => {
    const good = numeric('MDC_RESP_RATE', 15);
    const { observations, rejected } = check([good, numeric(metric, value)]);
    expect(observations).toEqual([good]);
    expect(rejected).toEqual([
      {
        device: 'mon-1',
        at: 7,
        stage: 'check',
        reason: 'implausible',
        detail: `${metric}=${value} ${unit}`,
      },
    ]);
  });

  it.each([
    [75, 90, 120],
    [120, 130, 75],
    [120, 70, 75],
  ])('such as pressures %d, %d, %d set all of that place aside', (sys, mean, dia) => {
    const arterial = pressures('ART', 118, 88, 70);
    const { observations, rejected } = check([...pressures('NONINV', sys, mean, dia), ...arterial]);
    expect(observations).toEqual(arterial);
    expect(rejected.map(({ reason }) => reason)).toEqual(Array(3).fill('implausible'));
  });

  it('such as a diastolic pressure above the systolic one is found without a mean', () => {
    const [sys, , dia] = pressures('ART', 70, 75, 80);
    expect(check([dia, sys] as Observation[]).observations).toEqual([]);
  });

  it('is not judged by a value that is itself impossible or absent', () => {
    const [sys, mean, dia] = pressures('NONINV', 9, 90, 75);
    const { observations, rejected } = check([sys, mean, dia] as Observation[]);
    expect(observations).toEqual([mean, dia]);
    expect(rejected).toHaveLength(1);
  });
});
