import { defineDeviceProfile } from '../../gateway/core/device-profile.ts';

/**
 * One pump: the one in the lowest slot of the first pillar. A station speaks for all its pumps, and a
 * rate without its pump is worse than none: the rates of the others are refused as unknown and
 * counted. A site gives each pump that matters a station of its own or a profile that names its slot.
 */
export default defineDeviceProfile({
  id: 'bbraun-space',
  manufacturer: 'B. Braun',
  model: 'Space (Perfusor, Infusomat) with com module',
  specialization: 'MDC_DEV_PUMP_INFUS_MDS',
  class: 'IIb',
  function: 'therapy',
  link: { kind: 'line', protocol: 'bbraun-bcc', baudRate: 9_600 },
  metrics: [{ field: 'INRT@11', metric: 'MDC_FLOW_FLUID_PUMP' }],
  // Asked every 5 s; the answer comes in parts.
  silentAfterMs: 30_000,
  messagesPerSecondMax: 30,
  security: { authenticates: false, encrypts: false, updatable: true },
  sources: [
    'patient-monitor-datalogger (mindleaving), PatientMonitorDataLogger/BBraun: frame, stuffing, commands, places',
    'patient-monitor-datalogger (mindleaving), recorded answer of a Space station to MEM:GET',
  ],
});
