import { defineDeviceProfile } from '../../gateway/core/device-profile.ts';

/** What monitors of several makers print where they have no figure. */
const absent = { '-100': 'invalid', '-999': 'invalid' } as const;

/** Any monitor, or gateway of one monitor, that sends IHE PCD-01 and PCD-04 over MLLP. */
export default defineDeviceProfile({
  id: 'generic-pcd01-monitor',
  manufacturer: 'Generic',
  model: 'Monitor, IHE PCD-01 over MLLP',
  specialization: 'MDC_DEV_MON_PHYSIO_MULTI_PARAM_MDS',
  class: 'IIb',
  function: 'monitor',
  link: { kind: 'line', protocol: 'hl7v2', baudRate: 115_200 },
  metrics: [
    { field: '147842', metric: 'MDC_ECG_HEART_RATE', absent },
    { field: '150456', metric: 'MDC_PULS_OXIM_SAT_O2', absent },
    { field: '149530', metric: 'MDC_PULS_OXIM_PULS_RATE', absent },
    { field: '150488', metric: 'MDC_BLD_PERF_INDEX', absent },
    { field: '151658', metric: 'MDC_PULS_OXIM_PLETH_RESP_RATE', absent },
    { field: '151562', metric: 'MDC_RESP_RATE', absent },
    { field: '151578', metric: 'MDC_TTHOR_RESP_RATE', absent },
    { field: '151594', metric: 'MDC_CO2_RESP_RATE', absent },
    { field: '151712', metric: 'MDC_CONC_AWAY_CO2_EXP', absent },
    { field: '151716', metric: 'MDC_CONC_AWAY_CO2_INSP', absent },
    { field: '150344', metric: 'MDC_TEMP', absent },
    { field: '150364', metric: 'MDC_TEMP_BODY', absent },
    { field: '150033', metric: 'MDC_PRESS_BLD_ART_SYS', absent },
    { field: '150034', metric: 'MDC_PRESS_BLD_ART_DIA', absent },
    { field: '150035', metric: 'MDC_PRESS_BLD_ART_MEAN', absent },
    { field: '149522', metric: 'MDC_BLD_PULS_RATE_INV', absent },
    { field: '150037', metric: 'MDC_PRESS_BLD_ART_ABP_SYS', absent },
    { field: '150038', metric: 'MDC_PRESS_BLD_ART_ABP_DIA', absent },
    { field: '150039', metric: 'MDC_PRESS_BLD_ART_ABP_MEAN', absent },
    { field: '150045', metric: 'MDC_PRESS_BLD_ART_PULM_SYS', absent },
    { field: '150046', metric: 'MDC_PRESS_BLD_ART_PULM_DIA', absent },
    { field: '150047', metric: 'MDC_PRESS_BLD_ART_PULM_MEAN', absent },
    { field: '150087', metric: 'MDC_PRESS_BLD_VEN_CENT_MEAN', absent },
    { field: '148065', metric: 'MDC_ECG_V_P_C_CNT', absent },
    { field: '150021', metric: 'MDC_PRESS_BLD_NONINV_SYS', absent, cadence: 'episodic' },
    { field: '150022', metric: 'MDC_PRESS_BLD_NONINV_DIA', absent, cadence: 'episodic' },
    { field: '150023', metric: 'MDC_PRESS_BLD_NONINV_MEAN', absent, cadence: 'episodic' },
    { field: '149546', metric: 'MDC_PULS_RATE_NON_INV', absent, cadence: 'episodic' },
    { field: '188736', metric: 'MDC_MASS_BODY_ACTUAL', absent, cadence: 'episodic' },
  ],
  // The clock, the way it is set, how long a measurement took, and a waveform without its rate.
  omitted: ['67975', '68220', '68185', '150452'],
  silentAfterMs: 180_000,
  messagesPerSecondMax: 20,
  security: { authenticates: false, encrypts: false, updatable: true },
  sources: [
    'IHE PCD Technical Framework 10.0, volume 2, 3.1 (PCD-01), 3.4 (PCD-04) and appendix B.',
    'ISO/IEEE 11073-10101: codes of the metrics.',
  ],
});
