import type { MetricId } from '../metric.ts';
import { intellivueFields } from './nomenclature.ts';

const leads = ['I', 'II', 'III', 'AVR', 'AVL', 'AVF', 'V', 'V1', 'V2', 'V3', 'V4', 'V5', 'V6'];

/** Measurements the monitor calls as the nomenclature does, but for the prefix. */
const sameNames = [
  'PULS_RATE',
  'ECG_V_P_C_CNT',
  'PULS_OXIM_SAT_O2',
  'RESP_RATE',
  'AWAY_RESP_RATE',
  'AWAY_CO2_ET',
  'TEMP',
  'TEMP_CORE',
  'TEMP_SKIN',
  'TEMP_ESOPH',
  'TEMP_NASOPH',
  'TEMP_TYMP',
  'PRESS_BLD_ART_SYS',
  'PRESS_BLD_ART_DIA',
  'PRESS_BLD_ART_MEAN',
  'PRESS_BLD_ART_ABP_SYS',
  'PRESS_BLD_ART_ABP_DIA',
  'PRESS_BLD_ART_ABP_MEAN',
  'PRESS_BLD_ART_PULM_SYS',
  'PRESS_BLD_ART_PULM_DIA',
  'PRESS_BLD_ART_PULM_MEAN',
  'PRESS_BLD_ART_PULM_WEDGE',
  'PRESS_BLD_VEN_CENT_MEAN',
  'OUTPUT_CARD',
  'PRESS_BLD_ART',
  'PRESS_BLD_ART_ABP',
  'PRESS_BLD_ART_PULM',
  'PRESS_BLD_VEN_CENT',
  ...leads.flatMap((lead) => [`ECG_AMPL_ST_${lead}`, `ECG_ELEC_POTL_${lead}`]),
];

/** What an IntelliVue monitor measures, by its own names: the same over the cable and the network. */
export const intellivueMetrics = [
  { field: 'ECG_CARD_BEAT_RATE', metric: 'MDC_ECG_HEART_RATE' },
  { field: 'PLETH_PULS_RATE', metric: 'MDC_PULS_OXIM_PULS_RATE' },
  { field: 'PLETH', metric: 'MDC_PULS_OXIM_PLETH' },
  // Taken when somebody inflates the cuff.
  { field: 'PRESS_BLD_NONINV_SYS', metric: 'MDC_PRESS_BLD_NONINV_SYS', cadence: 'episodic' },
  { field: 'PRESS_BLD_NONINV_DIA', metric: 'MDC_PRESS_BLD_NONINV_DIA', cadence: 'episodic' },
  { field: 'PRESS_BLD_NONINV_MEAN', metric: 'MDC_PRESS_BLD_NONINV_MEAN', cadence: 'episodic' },
  { field: 'PRESS_BLD_NONINV_PULS_RATE', metric: 'MDC_PULS_RATE_NON_INV', cadence: 'episodic' },
  ...sameNames.map((field) => ({ field, metric: `MDC_${field}` as MetricId })),
] as const;

const read: ReadonlySet<string> = new Set(intellivueMetrics.map(({ field }) => field));

/** Measurements without a row in our nomenclature: docs/protocols/philips-intellivue.md. */
export const intellivueOmitted = intellivueFields.filter((field) => !read.has(field));
