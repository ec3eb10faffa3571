import { defineDeviceProfile } from '../../gateway/core/device-profile.ts';
import { intellivueFields } from '../../gateway/core/intellivue-nomenclature.ts';
import type { MetricId } from '../../gateway/core/metric.ts';

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

const metrics = [
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

const read: ReadonlySet<string> = new Set(metrics.map(({ field }) => field));

export default defineDeviceProfile({
  id: 'philips-intellivue-mp50',
  manufacturer: 'Philips',
  model: 'IntelliVue MP50',
  specialization: 'MDC_DEV_MON_PHYSIO_MULTI_PARAM_MDS',
  class: 'IIb',
  function: 'monitor',
  link: { kind: 'line', protocol: 'philips-intellivue', baudRate: 115_200 },
  metrics: [...metrics],
  // Measurements without a row in our nomenclature, listed in docs/protocols/philips-intellivue.md.
  omitted: intellivueFields.filter((field) => !read.has(field)),
  silentAfterMs: 15_000,
  messagesPerSecondMax: 40,
  security: { authenticates: false, encrypts: false, updatable: true },
  sources: [
    'Philips Data Export Interface Programming Guide 4535 642 59271, chapters 3 to 7',
    'Philips Data Export Interface Programming Guide 4535 645 88011 (08/15), chapters 3 to 7',
  ],
});
