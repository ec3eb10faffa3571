import { defineDeviceProfile } from '../../gateway/core/device-profile.ts';

export default defineDeviceProfile({
  id: 'masimo-rad-8',
  manufacturer: 'Masimo',
  model: 'Rad-8',
  specialization: 'MDC_DEV_SPEC_PROFILE_PULS_OXIM',
  class: 'IIb',
  function: 'monitor',
  link: { kind: 'line', protocol: 'masimo-ascii', baudRate: 9_600 },
  metrics: [
    { field: 'SPO2', metric: 'MDC_PULS_OXIM_SAT_O2' },
    { field: 'BPM', metric: 'MDC_PULS_OXIM_PULS_RATE' },
    { field: 'PI', metric: 'MDC_BLD_PERF_INDEX' },
  ],
  // The Rad-8 measures neither SpCO nor SpMet and always writes them as dashes.
  omitted: ['SPCO', 'SPMET', 'DESAT', 'PIDELTA'],
  silentAfterMs: 10_000,
  messagesPerSecondMax: 20,
  security: { authenticates: false, encrypts: false, updatable: false },
  sources: ['Masimo Rad-8 Operator’s Manual, “Serial interface specification”, ASCII 1'],
});
