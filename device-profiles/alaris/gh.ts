import { defineDeviceProfile } from '../../gateway/core/device-profile.ts';

export default defineDeviceProfile({
  id: 'alaris-gh',
  manufacturer: 'Alaris',
  model: 'GH syringe pump (Asena)',
  specialization: 'MDC_DEV_PUMP_INFUS_MDS',
  class: 'IIb',
  function: 'therapy',
  link: { kind: 'line', protocol: 'alaris-asena', baudRate: 38_400 },
  metrics: [
    { field: 'RATE', metric: 'MDC_FLOW_FLUID_PUMP' },
    { field: 'VI', metric: 'MDC_VOL_FLUID_DELIV' },
  ],
  // The pressure in the line, the pump's mode and the time left have no code that could be checked.
  omitted: ['PRESSURE', 'MODE', 'TIME-LEFT'],
  // Asked every 2 s.
  silentAfterMs: 15_000,
  messagesPerSecondMax: 5,
  security: { authenticates: false, encrypts: false, updatable: false },
  sources: [
    'OpenICE (mdpnp/mdpnp), Asena.java and its pump emulator: commands, fields of INF, CRC',
    'infupy (jaj42/infupy), backends/alaris.py: link settings, frame, ESC',
  ],
});
