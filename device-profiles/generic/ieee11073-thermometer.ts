import { defineDeviceProfile } from '../../gateway/core/device-profile.ts';

/** Thermometer, IEEE 11073-10408, whoever made it. A device that several people use needs a profile of its own. */
export default defineDeviceProfile({
  id: 'generic-ieee11073-thermometer',
  manufacturer: 'Generic',
  model: 'Thermometer, IEEE 11073-10408',
  specialization: 'MDC_DEV_SPEC_PROFILE_TEMP',
  class: 'IIa',
  function: 'diagnose',
  link: { kind: 'line', protocol: 'ieee11073-20601', baudRate: 115_200 },
  metrics: [
    { field: '150364', metric: 'MDC_TEMP_BODY', cadence: 'episodic' },
    { field: '188424', metric: 'MDC_TEMP_ORAL', cadence: 'episodic' },
    { field: '188428', metric: 'MDC_TEMP_EAR', cadence: 'episodic' },
    { field: '188420', metric: 'MDC_TEMP_RECT', cadence: 'episodic' },
    { field: '150392', metric: 'MDC_TEMP_TYMP', cadence: 'episodic' },
    { field: '188432', metric: 'MDC_TEMP_FINGER', cadence: 'episodic' },
    { field: '188448', metric: 'MDC_TEMP_TOE', cadence: 'episodic' },
    { field: '188452', metric: 'MDC_TEMP_AXILLA', cadence: 'episodic' },
    { field: '188456', metric: 'MDC_TEMP_GIT', cadence: 'episodic' },
  ],
  // Measured once or twice a day.
  silentAfterMs: 48 * 60 * 60 * 1_000,
  messagesPerSecondMax: 5,
  security: { authenticates: false, encrypts: false, updatable: false },
  sources: [
    'ISO/IEEE 11073-20601: association, configuration, scan reports.',
    'IEEE 11073-10408, clause 6: objects and sites.',
  ],
});
