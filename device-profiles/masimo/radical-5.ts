import { defineDeviceProfile } from '../../gateway/core/device-profile.ts';

/** It announces no serial number: only its port tells one from another. */
export default defineDeviceProfile({
  id: 'masimo-radical-5',
  manufacturer: 'Masimo',
  model: 'Radical-5',
  specialization: 'MDC_DEV_SPEC_PROFILE_PULS_OXIM',
  class: 'IIb',
  function: 'monitor',
  link: { kind: 'line', protocol: 'masimo-ascii', baudRate: 9_600 },
  metrics: [
    { field: 'SPO2', metric: 'MDC_PULS_OXIM_SAT_O2' },
    { field: 'BPM', metric: 'MDC_PULS_OXIM_PULS_RATE' },
    { field: 'PI', metric: 'MDC_BLD_PERF_INDEX' },
  ],
  // Keys of other models, which some firmware prints as dashes.
  omitted: ['SPCO', 'SPMET', 'DESAT', 'PIDELTA'],
  silentAfterMs: 10_000,
  messagesPerSecondMax: 20,
  security: { authenticates: false, encrypts: false, updatable: false },
  sources: [
    'MD PnP (mdpnp), poxrad_discrete.h: the line of a Radical-5, its keys and the one it lacks',
    'Masimo Rad-8 Operator’s Manual, “Serial interface specification”, ASCII 1: bits of ALARM and EXC',
  ],
});
