import { defineDeviceProfile } from '../../gateway/core/device-profile.ts';

/** A fingertip oximeter of the home: it stores spot checks (data format 13) and sends them later. */
export default defineDeviceProfile({
  id: 'nonin-9560',
  manufacturer: 'Nonin',
  model: 'Onyx II 9560',
  specialization: 'MDC_DEV_SPEC_PROFILE_PULS_OXIM',
  class: 'IIa',
  function: 'diagnose',
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
  // Measured once or twice a day.
  silentAfterMs: 48 * 60 * 60 * 1_000,
  messagesPerSecondMax: 100,
  // Bluetooth with a PIN per device, up to the adapter; the line behind it has neither.
  security: { authenticates: false, encrypts: false, updatable: false },
  sources: ['Nonin Onyx II 9560 Bluetooth specification, data formats 2, 7, 8 and 13'],
});
