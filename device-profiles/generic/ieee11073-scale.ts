import { defineDeviceProfile } from '../../gateway/core/device-profile.ts';

/** Weighing scale, IEEE 11073-10415, whoever made it. A device that several people use needs a profile of its own. */
export default defineDeviceProfile({
  id: 'generic-ieee11073-scale',
  manufacturer: 'Generic',
  model: 'Weighing scale, IEEE 11073-10415',
  specialization: 'MDC_DEV_SPEC_PROFILE_SCALE',
  class: 'I',
  function: 'diagnose',
  link: { kind: 'line', protocol: 'ieee11073-20601', baudRate: 115_200 },
  metrics: [
    { field: '188736', metric: 'MDC_MASS_BODY_ACTUAL', cadence: 'episodic' },
    { field: '188740', metric: 'MDC_LEN_BODY_ACTUAL', cadence: 'episodic' },
    { field: '188752', metric: 'MDC_RATIO_MASS_BODY_LEN_SQ', cadence: 'episodic' },
    { field: '188748', metric: 'MDC_BODY_FAT', cadence: 'episodic' },
  ],
  // Measured once or twice a day.
  silentAfterMs: 48 * 60 * 60 * 1_000,
  messagesPerSecondMax: 5,
  security: { authenticates: false, encrypts: false, updatable: false },
  sources: [
    'ISO/IEEE 11073-20601: association, configuration, scan reports.',
    'IEEE 11073-10415, clause 6: objects and standard configuration 05DC.',
  ],
});
