import { defineDeviceProfile } from '../../gateway/core/device-profile.ts';

/** Blood pressure monitor, IEEE 11073-10407, whoever made it. A device that several people use needs a profile of its own. */
export default defineDeviceProfile({
  id: 'generic-ieee11073-blood-pressure',
  manufacturer: 'Generic',
  model: 'Blood pressure monitor, IEEE 11073-10407',
  specialization: 'MDC_DEV_SPEC_PROFILE_BP',
  class: 'IIa',
  function: 'diagnose',
  link: { kind: 'line', protocol: 'ieee11073-20601', baudRate: 115_200 },
  metrics: [
    { field: '150021', metric: 'MDC_PRESS_BLD_NONINV_SYS', cadence: 'episodic' },
    { field: '150022', metric: 'MDC_PRESS_BLD_NONINV_DIA', cadence: 'episodic' },
    { field: '150023', metric: 'MDC_PRESS_BLD_NONINV_MEAN', cadence: 'episodic' },
    { field: '149546', metric: 'MDC_PULS_RATE_NON_INV', cadence: 'episodic' },
  ],
  // Measured once or twice a day.
  silentAfterMs: 48 * 60 * 60 * 1_000,
  messagesPerSecondMax: 5,
  security: { authenticates: false, encrypts: false, updatable: false },
  sources: [
    'ISO/IEEE 11073-20601: association, configuration, scan reports.',
    'IEEE 11073-10407, clause 6: objects and standard configuration 02BC.',
  ],
});
