import { defineDeviceProfile } from '../../gateway/core/device-profile.ts';

export default defineDeviceProfile({
  id: 'generic-senml-sensor',
  manufacturer: 'Generic',
  model: 'Wearable sensor, SenML over MQTT',
  specialization: 'MDC_DEV_SPEC_PROFILE_HYDRA',
  class: 'IIa',
  function: 'monitor',
  link: { kind: 'mqtt', protocol: 'senml-json' },
  metrics: [
    { field: 'heart-rate', metric: 'MDC_ECG_HEART_RATE' },
    { field: 'spo2', metric: 'MDC_PULS_OXIM_SAT_O2' },
    { field: 'pulse-rate', metric: 'MDC_PULS_OXIM_PULS_RATE' },
    { field: 'respiratory-rate', metric: 'MDC_RESP_RATE' },
    { field: 'temperature', metric: 'MDC_TEMP_BODY' },
    { field: 'weight', metric: 'MDC_MASS_BODY_ACTUAL', cadence: 'episodic' },
  ],
  silentAfterMs: 60_000,
  messagesPerSecondMax: 5,
  security: { authenticates: true, encrypts: true, updatable: true },
  sources: [
    'RFC 8428, sections 4 and 12.1: SenML records and units. The field names are the project’s own.',
  ],
});
