import { defineDeviceProfile } from '../../gateway/core/device-profile.ts';

export default defineDeviceProfile({
  id: 'generic-vital-signs-monitor',
  manufacturer: 'Generic',
  model: 'Vital signs monitor, MQTT',
  specialization: 'MDC_DEV_MON_PHYSIO_MULTI_PARAM_MDS',
  class: 'IIb',
  function: 'monitor',
  link: { kind: 'mqtt', protocol: 'wardgate-json' },
  metrics: [
    { field: 'MDC_ECG_HEART_RATE', metric: 'MDC_ECG_HEART_RATE' },
    { field: 'MDC_PULS_OXIM_SAT_O2', metric: 'MDC_PULS_OXIM_SAT_O2' },
    { field: 'MDC_PULS_OXIM_PULS_RATE', metric: 'MDC_PULS_OXIM_PULS_RATE' },
    { field: 'MDC_PULS_OXIM_PERF_REL', metric: 'MDC_PULS_OXIM_PERF_REL' },
    { field: 'MDC_BLD_PERF_INDEX', metric: 'MDC_BLD_PERF_INDEX' },
    { field: 'MDC_RESP_RATE', metric: 'MDC_RESP_RATE' },
    { field: 'MDC_TEMP_BODY', metric: 'MDC_TEMP_BODY' },
    {
      field: 'MDC_PRESS_BLD_NONINV_SYS',
      metric: 'MDC_PRESS_BLD_NONINV_SYS',
      cadence: 'episodic',
    },
    {
      field: 'MDC_PRESS_BLD_NONINV_DIA',
      metric: 'MDC_PRESS_BLD_NONINV_DIA',
      cadence: 'episodic',
    },
    {
      field: 'MDC_PRESS_BLD_NONINV_MEAN',
      metric: 'MDC_PRESS_BLD_NONINV_MEAN',
      cadence: 'episodic',
    },
    { field: 'MDC_PRESS_BLD_ART_SYS', metric: 'MDC_PRESS_BLD_ART_SYS' },
    { field: 'MDC_PRESS_BLD_ART_DIA', metric: 'MDC_PRESS_BLD_ART_DIA' },
    { field: 'MDC_PRESS_BLD_ART_MEAN', metric: 'MDC_PRESS_BLD_ART_MEAN' },
    { field: 'MDC_PULS_OXIM_PLETH', metric: 'MDC_PULS_OXIM_PLETH' },
  ],
  silentAfterMs: 10_000,
  messagesPerSecondMax: 20,
  security: { authenticates: true, encrypts: true, updatable: true },
  sources: [
    'wardgate-json payload: the project’s own; fields are ISO/IEEE 11073-10101 reference ids.',
    'ISO/IEEE 11073-10101, Table A.7: codes of the metrics and of the device type (69965).',
  ],
});
