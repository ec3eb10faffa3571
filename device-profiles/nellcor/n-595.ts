import { defineDeviceProfile } from '../../gateway/core/device-profile.ts';

export default defineDeviceProfile({
  id: 'nellcor-n-595',
  manufacturer: 'Nellcor',
  model: 'N-595',
  specialization: 'MDC_DEV_SPEC_PROFILE_PULS_OXIM',
  class: 'IIb',
  function: 'monitor',
  link: { kind: 'line', protocol: 'nellcor-ascii', baudRate: 9_600 },
  metrics: [
    { field: 'SPO2', metric: 'MDC_PULS_OXIM_SAT_O2' },
    { field: 'BPM', metric: 'MDC_PULS_OXIM_PULS_RATE' },
  ],
  // Pulse amplitude is a figure of the device's own, without a unit.
  omitted: ['PA'],
  // A line every 2 s.
  silentAfterMs: 10_000,
  messagesPerSecondMax: 5,
  security: { authenticates: false, encrypts: false, updatable: false },
  sources: [
    'Nellcor N-595 Operator’s Manual, “Data port interface”: ASCII format, columns and status codes',
    'Nellcor N-395 Operator’s Manual (062988A), “Data Port Protocol”: heading lines',
  ],
});
