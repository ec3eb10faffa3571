import { defineDeviceProfile } from '../../gateway/core/device-profile.ts';

export default defineDeviceProfile({
  id: 'baxter-as50',
  manufacturer: 'Baxter',
  model: 'AS50',
  specialization: 'MDC_DEV_PUMP_INFUS_MDS',
  class: 'IIb',
  function: 'therapy',
  link: { kind: 'line', protocol: 'baxter-as50', baudRate: 9_600 },
  metrics: [
    { field: 'PRIRATE', metric: 'MDC_FLOW_FLUID_PUMP' },
    { field: 'VINF', metric: 'MDC_VOL_FLUID_DELIV' },
  ],
  // Answers to what other hosts ask: what they mean has no code, or no public description.
  omitted: [
    'STATUS',
    'DEV',
    'DEVADDR',
    'BOLRAT',
    'BOLSIZ',
    'LBOLUS',
    'PRIVTBI',
    'INFUSE',
    'INFUSTYP',
    'MODEL',
    'REV',
    'ACCMODE',
    'MODE',
    'ECD',
    'PCMODE',
  ],
  // Each of two questions every 2 s.
  silentAfterMs: 15_000,
  messagesPerSecondMax: 10,
  security: { authenticates: false, encrypts: false, updatable: false },
  sources: [
    'OpenICE (mdpnp/mdpnp), org.mdpnp.devices.baxter.AS50: questions, answers, CRC, link settings',
    'IDEA device interface, AS50Driver: keys and the volume infused (VINF)',
  ],
});
