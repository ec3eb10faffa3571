import type { MetricId } from './metric.ts';

/**
 * How fast a value may move: at once by `step`, and by `perMinute` more for each minute that passed.
 * Wide on purpose. It bounds what data can be, not what a patient should be: a heart that begins to
 * race, or stops, stays within it.
 */
export interface ChangeLimit {
  readonly step: number;
  readonly perMinute: number;
}

/** Tachycardias begin within a beat: from 60 to 210 /min is seen, 40 to 300 is not. */
const rate: ChangeLimit = { step: 160, perMinute: 300 };
/** Measured: one in ten thousand of 16,000 pairs five minutes apart moves by more than 220 mmHg. */
const arterial: ChangeLimit = { step: 120, perMinute: 60 };
/** Measured likewise of a cuff: 203 mmHg. Two cuffs are a minute apart or more. */
const cuff: ChangeLimit = { step: 120, perMinute: 40 };
const breaths: ChangeLimit = { step: 60, perMinute: 60 };
/**
 * A body’s inside: malignant hyperthermia reaches 2 °C in five minutes, active cooling 0.1 °C a
 * minute. The step is another site of measurement.
 */
const core: ChangeLimit = { step: 2, perMinute: 0.5 };
/** Apnoea without a reserve takes a per cent each second. */
const saturation: ChangeLimit = { step: 25, perMinute: 60 };

/**
 * Metrics whose change is looked at, and how. Left out on purpose: the end-tidal carbon dioxide (a
 * tube that comes off takes it to zero at once), temperatures of the skin, and what a ventilator sets.
 */
export const changeLimits: Readonly<Partial<Record<MetricId, ChangeLimit>>> = {
  MDC_ECG_HEART_RATE: rate,
  MDC_PULS_OXIM_PULS_RATE: rate,
  MDC_PULS_RATE: rate,
  MDC_BLD_PULS_RATE_INV: rate,
  MDC_PULS_OXIM_SAT_O2: saturation,
  MDC_RESP_RATE: breaths,
  MDC_TTHOR_RESP_RATE: breaths,
  MDC_CO2_RESP_RATE: breaths,
  MDC_AWAY_RESP_RATE: breaths,
  MDC_PRESS_BLD_ART_SYS: arterial,
  MDC_PRESS_BLD_ART_MEAN: arterial,
  MDC_PRESS_BLD_ART_DIA: arterial,
  MDC_PRESS_BLD_ART_ABP_SYS: arterial,
  MDC_PRESS_BLD_ART_ABP_MEAN: arterial,
  MDC_PRESS_BLD_ART_ABP_DIA: arterial,
  MDC_PRESS_BLD_NONINV_SYS: cuff,
  MDC_PRESS_BLD_NONINV_MEAN: cuff,
  MDC_PRESS_BLD_NONINV_DIA: cuff,
  MDC_TEMP_BODY: core,
  MDC_TEMP_CORE: core,
  MDC_TEMP_BLD: core,
  MDC_TEMP_ESOPH: core,
  MDC_TEMP_NASOPH: core,
  MDC_TEMP_RECT: core,
};

/** A living patient’s value does not keep to one figure for so long, and for so many readings. */
export interface StillLimit {
  readonly ms: number;
  readonly readings: number;
}

const minuteMs = 60_000;
const beating: StillLimit = { ms: 10 * minuteMs, readings: 12 };

/**
 * Metrics that never rest. A heart rate is none: a pacemaker keeps it for days. Nor is a saturation
 * of 100 %, a breathing rate that a ventilator sets, or a temperature. Of 15,267 days of real stays,
 * arterial pressures kept one figure for 12 readings three times.
 */
export const stillLimits: Readonly<Partial<Record<MetricId, StillLimit>>> = {
  MDC_PRESS_BLD_ART_SYS: beating,
  MDC_PRESS_BLD_ART_MEAN: beating,
  MDC_PRESS_BLD_ART_DIA: beating,
  MDC_PRESS_BLD_ART_ABP_SYS: beating,
  MDC_PRESS_BLD_ART_ABP_MEAN: beating,
  MDC_PRESS_BLD_ART_ABP_DIA: beating,
  MDC_PULS_OXIM_PERF_REL: { ms: 30 * minuteMs, readings: 60 },
  MDC_BLD_PERF_INDEX: { ms: 30 * minuteMs, readings: 60 },
};

/** Together these do not stand still either, be the heart paced and the lung ventilated. */
export const stillTogether: readonly (readonly MetricId[])[] = [
  ['MDC_ECG_HEART_RATE', 'MDC_PULS_RATE', 'MDC_PULS_OXIM_PULS_RATE'],
  ['MDC_RESP_RATE', 'MDC_TTHOR_RESP_RATE', 'MDC_CO2_RESP_RATE', 'MDC_AWAY_RESP_RATE'],
  ['MDC_PULS_OXIM_SAT_O2'],
];
export const stillTogetherLimit: StillLimit = { ms: 60 * minuteMs, readings: 60 };

/**
 * How far one reading may stand out from the last ten and the next one. Limits are of charts: of 78,107
 * looks at 1,598 stays that they were not put by, one in 1,250 had a reading beyond them.
 */
export interface SpikeLimit {
  /** Above the highest of those around it, in the metric’s unit. */
  readonly above?: number;
  /** Below the lowest of them, likewise. */
  readonly below?: number;
  /** Below the lowest of them, as the natural logarithm of the ratio, both five units up. */
  readonly belowLog?: number;
  /** A pressure, where the other two of its place did not go with it. */
  readonly aloneAbove?: number;
  readonly aloneBelow?: number;
  /** So far from the last ten that the next one need not be waited for. */
  readonly atOnce?: number;
}

const heartSpike: SpikeLimit = { above: 55, belowLog: 0.8 };
const breathSpike: SpikeLimit = { above: 16, belowLog: 1 };
const coreSpike: SpikeLimit = { above: 1.8, below: 1.9, atOnce: 3.6 };
const lineSystolicSpike: SpikeLimit = { above: 112, aloneAbove: 45, aloneBelow: 50 };
const lineDiastolicSpike: SpikeLimit = { below: 60, aloneAbove: 50, aloneBelow: 20 };
const lineMeanSpike: SpikeLimit = { aloneAbove: 75, aloneBelow: 50 };

export const spikeLimits: Readonly<Partial<Record<MetricId, SpikeLimit>>> = {
  MDC_ECG_HEART_RATE: heartSpike,
  MDC_PULS_OXIM_PULS_RATE: heartSpike,
  MDC_PULS_RATE: heartSpike,
  MDC_BLD_PULS_RATE_INV: heartSpike,
  MDC_RESP_RATE: breathSpike,
  MDC_TTHOR_RESP_RATE: breathSpike,
  MDC_CO2_RESP_RATE: breathSpike,
  MDC_AWAY_RESP_RATE: breathSpike,
  MDC_PULS_OXIM_SAT_O2: { below: 13, atOnce: 18 },
  MDC_TEMP_BODY: coreSpike,
  MDC_TEMP_CORE: coreSpike,
  MDC_TEMP_BLD: coreSpike,
  MDC_TEMP_ESOPH: coreSpike,
  MDC_TEMP_NASOPH: coreSpike,
  MDC_TEMP_RECT: coreSpike,
  MDC_PRESS_BLD_NONINV_SYS: { above: 80, belowLog: 0.9, aloneAbove: 37, aloneBelow: 30 },
  MDC_PRESS_BLD_NONINV_DIA: { belowLog: 1.25, aloneAbove: 30, aloneBelow: 20 },
  MDC_PRESS_BLD_NONINV_MEAN: { aloneAbove: 37, aloneBelow: 37 },
  MDC_PRESS_BLD_ART_SYS: lineSystolicSpike,
  MDC_PRESS_BLD_ART_DIA: lineDiastolicSpike,
  MDC_PRESS_BLD_ART_MEAN: lineMeanSpike,
  MDC_PRESS_BLD_ART_ABP_SYS: lineSystolicSpike,
  MDC_PRESS_BLD_ART_ABP_DIA: lineDiastolicSpike,
  MDC_PRESS_BLD_ART_ABP_MEAN: lineMeanSpike,
};

/** Systolic, mean and diastolic pressure of one place. */
export interface PressureTriple {
  readonly systolic: MetricId;
  readonly mean: MetricId;
  readonly diastolic: MetricId;
}

export const pressureTriples: readonly PressureTriple[] = [
  {
    systolic: 'MDC_PRESS_BLD_NONINV_SYS',
    mean: 'MDC_PRESS_BLD_NONINV_MEAN',
    diastolic: 'MDC_PRESS_BLD_NONINV_DIA',
  },
  {
    systolic: 'MDC_PRESS_BLD_ART_SYS',
    mean: 'MDC_PRESS_BLD_ART_MEAN',
    diastolic: 'MDC_PRESS_BLD_ART_DIA',
  },
  {
    systolic: 'MDC_PRESS_BLD_ART_ABP_SYS',
    mean: 'MDC_PRESS_BLD_ART_ABP_MEAN',
    diastolic: 'MDC_PRESS_BLD_ART_ABP_DIA',
  },
];

/**
 * A mean lies a third above the diastolic pressure, more or less; so far off, as a part of the pulse
 * pressure and in mmHg, were fewer than three in a thousand of 467,000 real triples.
 */
export const meanOffset = { below: -0.28, above: 0.5, mmHgMin: 12 } as const;

/** One heart, counted by its electricity and by its pulse. */
export const heartRate: MetricId = 'MDC_ECG_HEART_RATE';
export const pulseRates: readonly MetricId[] = [
  'MDC_PULS_OXIM_PULS_RATE',
  'MDC_PULS_RATE',
  'MDC_BLD_PULS_RATE_INV',
];
/** Beats without a pulse are real, yet not so many, for so long. */
export const pulseDeficit = { share: 0.3, perMinuteMin: 30, ms: minuteMs, readings: 12 } as const;
