import { defineDeviceProfile } from '../../gateway/core/device-profile.ts';

export default defineDeviceProfile({
  id: 'masimo-radical-7',
  manufacturer: 'Masimo',
  model: 'Radical-7',
  specialization: 'MDC_DEV_SPEC_PROFILE_PULS_OXIM',
  class: 'IIb',
  function: 'monitor',
  link: { kind: 'line', protocol: 'masimo-ascii', baudRate: 9_600 },
  metrics: [
    { field: 'SPO2', metric: 'MDC_PULS_OXIM_SAT_O2' },
    { field: 'BPM', metric: 'MDC_PULS_OXIM_PULS_RATE' },
    { field: 'PI', metric: 'MDC_BLD_PERF_INDEX' },
  ],
  // Dyshaemoglobins, total haemoglobin, oxygen content and pleth variability have no code that
  // could be checked in a public document; desaturation and perfusion indices are the device's own.
  omitted: ['SPCO', 'SPMET', 'SPHB', 'SPOC', 'PVI', 'DESAT', 'PIDELTA', 'RESVD'],
  silentAfterMs: 10_000,
  messagesPerSecondMax: 20,
  security: { authenticates: false, encrypts: false, updatable: false },
  sources: ['Masimo Radical-7 Operator’s Manual, “Serial interface specification”, ASCII 1'],
});
