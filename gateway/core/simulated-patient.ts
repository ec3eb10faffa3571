import type { MetricId } from './metric.ts';
import type { Instant } from './observation.ts';

/** How one value of an adult at rest lies and moves. Figures for a demonstration, not for medicine. */
interface Course {
  readonly base: number;
  /** How far patients differ, either way. */
  readonly spread: number;
  /** How far one patient's value moves, either way. */
  readonly swing: number;
  readonly periodMinutes: number;
  /** Decimal places a device shows. */
  readonly digits: number;
  readonly max?: number;
}

const heartRate: Course = { base: 76, spread: 10, swing: 5, periodMinutes: 7, digits: 0 };

const stSegment: Course = { base: 1.5, spread: 0.5, swing: 0.2, periodMinutes: 20, digits: 1 };

/** Analytes keep their value for hours: nobody's potassium moves by the minute. */
const slowMinutes = 600;

/** One row for each metric; those that follow from others are added by `vitalSigns`. */
const courses: Readonly<Partial<Record<MetricId, Course>>> = {
  MDC_PULS_OXIM_SAT_O2: {
    base: 97,
    spread: 1.5,
    swing: 1,
    periodMinutes: 5,
    digits: 0,
    max: 100,
  },
  MDC_PULS_OXIM_PERF_REL: { base: 4, spread: 2, swing: 1, periodMinutes: 3, digits: 2 },
  MDC_BLD_PERF_INDEX: { base: 4, spread: 2, swing: 1, periodMinutes: 3, digits: 2 },
  MDC_RESP_RATE: { base: 15, spread: 2, swing: 2, periodMinutes: 4, digits: 0 },
  MDC_CONC_AWAY_CO2_EXP: { base: 37, spread: 2, swing: 2, periodMinutes: 4, digits: 0 },
  MDC_CONC_AWAY_CO2_INSP: { base: 1, spread: 0, swing: 0, periodMinutes: 4, digits: 0 },
  MDC_TEMP_BODY: { base: 36.8, spread: 0.3, swing: 0.2, periodMinutes: 180, digits: 1 },
  MDC_PRESS_BLD_NONINV_SYS: { base: 122, spread: 10, swing: 6, periodMinutes: 30, digits: 0 },
  MDC_PRESS_BLD_NONINV_DIA: { base: 76, spread: 6, swing: 4, periodMinutes: 30, digits: 0 },
  MDC_PRESS_BLD_ART_SYS: { base: 125, spread: 10, swing: 6, periodMinutes: 6, digits: 0 },
  MDC_PRESS_BLD_ART_DIA: { base: 74, spread: 6, swing: 4, periodMinutes: 6, digits: 0 },
  MDC_TEMP: { base: 36.8, spread: 0.3, swing: 0.2, periodMinutes: 180, digits: 1 },
  MDC_TEMP_ESOPH: { base: 36.9, spread: 0.3, swing: 0.2, periodMinutes: 180, digits: 1 },
  MDC_TEMP_NASOPH: { base: 36.7, spread: 0.3, swing: 0.2, periodMinutes: 180, digits: 1 },
  MDC_TEMP_RECT: { base: 37.1, spread: 0.3, swing: 0.2, periodMinutes: 180, digits: 1 },
  MDC_TEMP_TYMP: { base: 36.8, spread: 0.3, swing: 0.2, periodMinutes: 180, digits: 1 },
  MDC_TEMP_ORAL: { base: 36.7, spread: 0.3, swing: 0.2, periodMinutes: 180, digits: 1 },
  MDC_TEMP_EAR: { base: 36.6, spread: 0.3, swing: 0.2, periodMinutes: 180, digits: 1 },
  MDC_TEMP_FINGER: { base: 33.8, spread: 0.8, swing: 0.2, periodMinutes: 180, digits: 1 },
  MDC_TEMP_TOE: { base: 31.5, spread: 0.8, swing: 0.2, periodMinutes: 180, digits: 1 },
  MDC_TEMP_AXILLA: { base: 36.4, spread: 0.3, swing: 0.2, periodMinutes: 180, digits: 1 },
  MDC_TEMP_GIT: { base: 37.1, spread: 0.3, swing: 0.2, periodMinutes: 180, digits: 1 },
  MDC_TEMP_SKIN: { base: 33.5, spread: 0.8, swing: 0.4, periodMinutes: 60, digits: 1 },
  MDC_TEMP_CORE: { base: 37, spread: 0.3, swing: 0.2, periodMinutes: 180, digits: 1 },
  MDC_TEMP_BLD: { base: 37, spread: 0.3, swing: 0.2, periodMinutes: 180, digits: 1 },
  MDC_PRESS_BLD_ART_ABP_SYS: { base: 125, spread: 10, swing: 6, periodMinutes: 6, digits: 0 },
  MDC_PRESS_BLD_ART_ABP_DIA: { base: 74, spread: 6, swing: 4, periodMinutes: 6, digits: 0 },
  MDC_PRESS_BLD_ART_PULM_SYS: { base: 24, spread: 3, swing: 2, periodMinutes: 6, digits: 0 },
  MDC_PRESS_BLD_ART_PULM_DIA: { base: 10, spread: 2, swing: 1, periodMinutes: 6, digits: 0 },
  MDC_PRESS_BLD_ART_PULM_WEDGE: { base: 9, spread: 2, swing: 1, periodMinutes: 20, digits: 0 },
  MDC_PRESS_BLD_VEN_CENT_MEAN: { base: 7, spread: 2, swing: 1, periodMinutes: 10, digits: 0 },
  MDC_OUTPUT_CARD: { base: 5.2, spread: 0.6, swing: 0.3, periodMinutes: 20, digits: 1 },
  MDC_TTHOR_RESP_RATE: { base: 15, spread: 2, swing: 2, periodMinutes: 4, digits: 0 },
  MDC_CO2_RESP_RATE: { base: 15, spread: 2, swing: 2, periodMinutes: 4, digits: 0 },
  MDC_CONC_AWAY_O2_INSP: { base: 45, spread: 8, swing: 1, periodMinutes: 30, digits: 0 },
  MDC_CONC_AWAY_O2_ET: { base: 40, spread: 6, swing: 1, periodMinutes: 30, digits: 0 },
  MDC_VENT_PRESS_AWAY_MAX: { base: 19, spread: 3, swing: 1, periodMinutes: 5, digits: 0 },
  MDC_VENT_PRESS_AWAY_MEAN: { base: 10, spread: 1, swing: 1, periodMinutes: 5, digits: 0 },
  MDC_VENT_PRESS_AWAY_END_EXP_POS: { base: 6, spread: 1, swing: 0.4, periodMinutes: 30, digits: 0 },
  MDC_VENT_PRESS_RESP_PLAT: { base: 16, spread: 2, swing: 1, periodMinutes: 5, digits: 0 },
  MDC_VOL_AWAY_TIDAL_INSP: { base: 490, spread: 40, swing: 20, periodMinutes: 4, digits: 0 },
  MDC_VOL_AWAY_TIDAL_EXP: { base: 480, spread: 40, swing: 20, periodMinutes: 4, digits: 0 },
  MDC_VENT_VOL_MINUTE_EXP: { base: 7, spread: 0.8, swing: 0.3, periodMinutes: 5, digits: 1 },
  MDC_COMPL_LUNG: { base: 52, spread: 8, swing: 2, periodMinutes: 20, digits: 0 },
  MDC_CONC_AWAY_CO2_ET: { base: 37, spread: 3, swing: 2, periodMinutes: 5, digits: 0 },
  MDC_VENT_VOL_TIDAL: { base: 485, spread: 40, swing: 20, periodMinutes: 4, digits: 0 },
  MDC_VENT_VOL_MINUTE: { base: 7.2, spread: 0.8, swing: 0.3, periodMinutes: 5, digits: 1 },
  MDC_TEMP_AWAY: { base: 35, spread: 1, swing: 0.5, periodMinutes: 60, digits: 0 },
  MDC_ECG_V_P_C_CNT: { base: 2, spread: 1, swing: 1, periodMinutes: 9, digits: 0 },
  MDC_AWAY_CO2_ET: { base: 37, spread: 3, swing: 2, periodMinutes: 6, digits: 0 },
  MDC_ECG_AMPL_ST_I: stSegment,
  MDC_ECG_AMPL_ST_II: stSegment,
  MDC_ECG_AMPL_ST_III: stSegment,
  MDC_ECG_AMPL_ST_AVR: stSegment,
  MDC_ECG_AMPL_ST_AVL: stSegment,
  MDC_ECG_AMPL_ST_AVF: stSegment,
  MDC_ECG_AMPL_ST_V: stSegment,
  MDC_ECG_AMPL_ST_V1: stSegment,
  MDC_ECG_AMPL_ST_V2: stSegment,
  MDC_ECG_AMPL_ST_V3: stSegment,
  MDC_ECG_AMPL_ST_V4: stSegment,
  MDC_ECG_AMPL_ST_V5: stSegment,
  MDC_ECG_AMPL_ST_V6: stSegment,
  MDC_LEN_BODY_ACTUAL: { base: 171, spread: 12, swing: 0, periodMinutes: 1_440, digits: 1 },
  MDC_RATIO_MASS_BODY_LEN_SQ: {
    base: 25,
    spread: 3,
    swing: 0.1,
    periodMinutes: 1_440,
    digits: 1,
  },
  MDC_BODY_FAT: { base: 24, spread: 6, swing: 0.5, periodMinutes: 1_440, digits: 1 },
  MDC_CONC_GLU_CAPILLARY_WHOLEBLOOD: {
    base: 105,
    spread: 15,
    swing: 25,
    periodMinutes: 240,
    digits: 0,
  },
  MDC_MASS_BODY_ACTUAL: { base: 74, spread: 12, swing: 0.3, periodMinutes: 1_440, digits: 1 },

  LN_14749_6: analyte(5.4, 0.8, 1),
  LN_1988_5: analyte(3.2, 2, 1),
  LN_22664_7: analyte(5.1, 1, 1),
  LN_14682_9: analyte(78, 12, 0),
  LN_2951_2: analyte(140, 2, 0),
  LN_2823_3: analyte(4.2, 0.3, 1),
  LN_2075_0: analyte(103, 2, 0),
  LN_2524_7: analyte(1.1, 0.3, 1),
  LN_2000_8: analyte(2.35, 0.08, 2),
  LN_1751_7: analyte(43, 3, 0),
  LN_2885_2: analyte(71, 4, 0),
  LN_1742_6: analyte(24, 8, 0),
  LN_1920_8: analyte(22, 6, 0),
  LN_6768_6: analyte(68, 15, 0),
  LN_2324_2: analyte(25, 10, 0),
  LN_14631_6: analyte(10, 4, 0),
  LN_14933_6: analyte(310, 50, 0),
  LN_14647_2: analyte(4.9, 0.6, 1),
  LN_14646_4: analyte(1.4, 0.2, 1),
  LN_14927_8: analyte(1.3, 0.4, 1),
  LN_4548_4: analyte(5.4, 0.4, 1),
  LN_718_7: analyte(14.2, 1, 1),
  LN_6690_2: analyte(6.8, 1.5, 1),
  LN_789_8: analyte(4.8, 0.4, 2),
  LN_777_3: analyte(245, 50, 0),
  LN_4544_3: analyte(43, 3, 0),
  LN_787_2: analyte(89, 4, 0),
  LN_785_6: analyte(30, 1.5, 1),
  LN_786_4: analyte(33.5, 0.8, 1),
  LN_751_8: analyte(4.1, 0.6, 2),
  LN_770_8: analyte(60, 4, 1),
  LN_731_0: analyte(2.0, 0.3, 2),
  LN_736_9: analyte(29, 3, 1),
  LN_742_7: analyte(0.45, 0.1, 2),
  LN_5905_5: analyte(6.6, 1, 1),
  LN_711_2: analyte(0.2, 0.05, 2),
  LN_713_8: analyte(2.9, 0.5, 1),
  LN_704_7: analyte(0.05, 0.02, 2),
  LN_706_2: analyte(0.7, 0.2, 1),
  LN_788_0: analyte(13.2, 0.5, 1),
  LN_21000_5: analyte(42, 2, 1),
  LN_32623_1: analyte(9.4, 0.6, 1),
  // Nothing a patient has: what a pump gives one.
  MDC_FLOW_FLUID_PUMP: { base: 4.2, spread: 2, swing: 0.5, periodMinutes: 60, digits: 1 },
  MDC_VOL_FLUID_DELIV: { base: 24, spread: 12, swing: 6, periodMinutes: 600, digits: 1 },
  MDC_CONC_GLU_CAPILLARY_PLASMA: analyte(98, 14, 0),
  MDC_CONC_GLU_UNDETERMINED_PLASMA: analyte(98, 14, 0),
};

/**
 * What the patient `seed` has at an instant: every figure in its metric's own unit and at the
 * resolution devices show. The same arguments give the same values, and values move smoothly.
 */
export function vitalSigns(seed: number, at: Instant): Readonly<Partial<Record<MetricId, number>>> {
  const values: Partial<Record<MetricId, number>> = {};
  for (const [index, [metric, course]] of Object.entries(courses).entries()) {
    values[metric as MetricId] = valueAt(course, seed, index + 1, at);
  }
  // One heart, whatever counts it.
  const rate = valueAt(heartRate, seed, 0, at);
  values.MDC_ECG_HEART_RATE = rate;
  values.MDC_PULS_OXIM_PULS_RATE = rate;
  values.MDC_PULS_RATE_NON_INV = rate;
  values.MDC_PULS_RATE = rate;
  values.MDC_AWAY_RESP_RATE = values.MDC_RESP_RATE ?? 0;
  values.MDC_BLD_PULS_RATE_INV = rate;
  values.MDC_PULS_OXIM_PLETH_RESP_RATE = values.MDC_RESP_RATE ?? 0;
  values.MDC_PRESS_BLD_NONINV_MEAN = meanPressure(
    values.MDC_PRESS_BLD_NONINV_SYS,
    values.MDC_PRESS_BLD_NONINV_DIA,
  );
  values.MDC_PRESS_BLD_ART_MEAN = meanPressure(
    values.MDC_PRESS_BLD_ART_SYS,
    values.MDC_PRESS_BLD_ART_DIA,
  );
  values.MDC_PRESS_BLD_ART_ABP_MEAN = meanPressure(
    values.MDC_PRESS_BLD_ART_ABP_SYS,
    values.MDC_PRESS_BLD_ART_ABP_DIA,
  );
  values.MDC_PRESS_BLD_ART_PULM_MEAN = meanPressure(
    values.MDC_PRESS_BLD_ART_PULM_SYS,
    values.MDC_PRESS_BLD_ART_PULM_DIA,
  );
  return values;
}

/**
 * Samples of a pulse wave from 0 to 1, `periodMs` apart from `at` on.
 * @param rate beats per minute
 */
export function pulseWave(rate: number, at: Instant, count: number, periodMs: number): number[] {
  return Array.from({ length: count }, (_, index) => {
    const beats = ((at + index * periodMs) / 60_000) * rate;
    const phase = 2 * Math.PI * (beats - Math.floor(beats));
    // A main wave and the notch behind it.
    return 0.5 + 0.38 * Math.sin(phase) + 0.12 * Math.sin(2 * phase + 0.8);
  });
}

function analyte(base: number, spread: number, digits: number): Course {
  return { base, spread, swing: spread / 4, periodMinutes: slowMinutes, digits };
}

function valueAt(course: Course, seed: number, index: number, at: Instant): number {
  const { base, spread, swing, periodMinutes, digits, max = Number.POSITIVE_INFINITY } = course;
  const turn = (2 * Math.PI * at) / (periodMinutes * 60_000);
  const slow = Math.sin(turn + 2 * Math.PI * chance(seed, 3 * index));
  const fast = Math.sin(3.3 * turn + 2 * Math.PI * chance(seed, 3 * index + 1));
  const own = base + spread * (2 * chance(seed, 3 * index + 2) - 1);
  return Number(Math.min(max, own + swing * (0.7 * slow + 0.3 * fast)).toFixed(digits));
}

function meanPressure(systolic = 0, diastolic = 0): number {
  return Math.round(diastolic + (systolic - diastolic) / 3);
}

/** A number from 0 up to 1 that the arguments alone decide (a 32-bit mixing function). */
function chance(seed: number, salt: number): number {
  let mixed = Math.imul(seed ^ 0x9e3779b9, 0x85ebca6b) + Math.imul(salt + 1, 0xc2b2ae35);
  mixed = Math.imul(mixed ^ (mixed >>> 16), 0x7feb352d);
  mixed = Math.imul(mixed ^ (mixed >>> 15), 0x846ca68b);
  return ((mixed ^ (mixed >>> 16)) >>> 0) / 2 ** 32;
}
