import { defineDeviceProfile } from '../../gateway/core/device-profile.ts';

export default defineDeviceProfile({
  id: 'nonin-wristox2-3150',
  manufacturer: 'Nonin',
  model: 'WristOx2 3150',
  specialization: 'MDC_DEV_SPEC_PROFILE_PULS_OXIM',
  class: 'IIa',
  function: 'monitor',
  link: { kind: 'line', protocol: 'nonin', baudRate: 9_600 },
  metrics: [
    { field: 'HR', metric: 'MDC_PULS_OXIM_PULS_RATE' },
    { field: 'SPO2', metric: 'MDC_PULS_OXIM_SAT_O2' },
    { field: 'PLETH', metric: 'MDC_PULS_OXIM_PLETH' },
  ],
  // The same two measurements, averaged otherwise or held for the display after the finger is gone.
  omitted: [
    'HR-D',
    'SPO2-D',
    'E-HR',
    'E-SPO2',
    'E-HR-D',
    'E-SPO2-D',
    'SPO2-FAST',
    'SPO2-B-B',
    'BATTERY',
  ],
  silentAfterMs: 60_000,
  messagesPerSecondMax: 100,
  security: { authenticates: false, encrypts: false, updatable: false },
  sources: [
    'Nonin WristOx2 3150 OEM Specification and Technical Information, data formats 2, 7, 8, 13',
  ],
});
