import { defineDeviceProfile } from '../../gateway/core/device-profile.ts';

/** Glucose meter, IEEE 11073-10417, whoever made it. A device that several people use needs a profile of its own. */
export default defineDeviceProfile({
  id: 'generic-ieee11073-glucose-meter',
  manufacturer: 'Generic',
  model: 'Glucose meter, IEEE 11073-10417',
  specialization: 'MDC_DEV_SPEC_PROFILE_GLUCOSE',
  class: 'B',
  function: 'diagnose',
  link: { kind: 'line', protocol: 'ieee11073-20601', baudRate: 115_200 },
  metrics: [
    { field: '160184', metric: 'MDC_CONC_GLU_CAPILLARY_WHOLEBLOOD', cadence: 'episodic' },
    { field: '160188', metric: 'MDC_CONC_GLU_CAPILLARY_PLASMA', cadence: 'episodic' },
    { field: '160368', metric: 'MDC_CONC_GLU_UNDETERMINED_PLASMA', cadence: 'episodic' },
  ],
  // Measured once or twice a day.
  silentAfterMs: 48 * 60 * 60 * 1_000,
  messagesPerSecondMax: 5,
  security: { authenticates: false, encrypts: false, updatable: false },
  sources: [
    'ISO/IEEE 11073-20601: association, configuration, scan reports, stores.',
    'IEEE 11073-10417, clause 6: objects and standard configuration 06A4.',
  ],
});
