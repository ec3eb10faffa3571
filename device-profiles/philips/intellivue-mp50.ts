import { defineDeviceProfile } from '../../gateway/core/device-profile.ts';
import { intellivueMetrics, intellivueOmitted } from '../../gateway/core/intellivue/metrics.ts';

export default defineDeviceProfile({
  id: 'philips-intellivue-mp50',
  manufacturer: 'Philips',
  model: 'IntelliVue MP50',
  specialization: 'MDC_DEV_MON_PHYSIO_MULTI_PARAM_MDS',
  class: 'IIb',
  function: 'monitor',
  link: { kind: 'line', protocol: 'philips-intellivue', baudRate: 115_200 },
  metrics: [...intellivueMetrics],
  omitted: intellivueOmitted,
  silentAfterMs: 15_000,
  messagesPerSecondMax: 40,
  security: { authenticates: false, encrypts: false, updatable: true },
  sources: [
    'Philips Data Export Interface Programming Guide 4535 642 59271, chapters 3 to 7',
    'Philips Data Export Interface Programming Guide 4535 645 88011 (08/15), chapters 3 to 7',
  ],
});
