import { defineDeviceProfile } from '../../gateway/core/device-profile.ts';

/** What the monitor prints where it has no figure. */
const absent = { '-100': 'invalid', '-999': 'invalid' } as const;

/** A Mindray VS 8 / VS 9 vital signs monitor that sends IHE PCD-01 over MLLP. */
export default defineDeviceProfile({
  id: 'mindray-vs8',
  manufacturer: 'Mindray',
  model: 'VS 8',
  specialization: 'MDC_DEV_MON_PHYSIO_MULTI_PARAM_MDS',
  class: 'IIb',
  function: 'monitor',
  link: { kind: 'line', protocol: 'hl7v2', baudRate: 115_200 },
  metrics: [
    { field: '150456', metric: 'MDC_PULS_OXIM_SAT_O2', absent },
    { field: '149530', metric: 'MDC_PULS_OXIM_PULS_RATE', absent },
    { field: '150488', metric: 'MDC_BLD_PERF_INDEX', absent },
    { field: '151658', metric: 'MDC_PULS_OXIM_PLETH_RESP_RATE', absent },
    { field: '151562', metric: 'MDC_RESP_RATE', absent },
    { field: '151578', metric: 'MDC_TTHOR_RESP_RATE', absent },
    { field: '151594', metric: 'MDC_CO2_RESP_RATE', absent },
    { field: '147842', metric: 'MDC_ECG_HEART_RATE', absent },
    { field: '151570', metric: 'MDC_AWAY_RESP_RATE', absent },
    { field: '151708', metric: 'MDC_CONC_AWAY_CO2_ET', absent },
    { field: '151716', metric: 'MDC_CONC_AWAY_CO2_INSP', absent },
    { field: '188424', metric: 'MDC_TEMP_ORAL', absent, cadence: 'episodic' },
    { field: '188420', metric: 'MDC_TEMP_RECT', absent, cadence: 'episodic' },
    { field: '188452', metric: 'MDC_TEMP_AXILLA', absent, cadence: 'episodic' },
    { field: '188428', metric: 'MDC_TEMP_EAR', absent, cadence: 'episodic' },
    { field: '150392', metric: 'MDC_TEMP_TYMP', absent, cadence: 'episodic' },
    { field: '150344', metric: 'MDC_TEMP', absent, cadence: 'episodic' },
    { field: '150364', metric: 'MDC_TEMP_BODY', absent, cadence: 'episodic' },
    { field: '150021', metric: 'MDC_PRESS_BLD_NONINV_SYS', absent, cadence: 'episodic' },
    { field: '150022', metric: 'MDC_PRESS_BLD_NONINV_DIA', absent, cadence: 'episodic' },
    { field: '150023', metric: 'MDC_PRESS_BLD_NONINV_MEAN', absent, cadence: 'episodic' },
    { field: '149546', metric: 'MDC_PULS_RATE_NON_INV', absent, cadence: 'episodic' },
  ],
  silentAfterMs: 180_000,
  messagesPerSecondMax: 10,
  security: { authenticates: false, encrypts: false, updatable: true },
  sources: [
    'IHE PCD Technical Framework 10.0, volume 2, 3.1 (PCD-01) and appendix B (segments).',
    'ISO/IEEE 11073-10101: codes of the metrics.',
    'A message of a VS 8 in demo mode: OBX-8 DEMO, PID-3 99999, OBX-4 with the metric code.',
  ],
});
