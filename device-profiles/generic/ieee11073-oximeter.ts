import { defineDeviceProfile } from '../../gateway/core/device-profile.ts';

/** Pulse oximeter, IEEE 11073-10404, whoever made it. A device that several people use needs a profile of its own. */
export default defineDeviceProfile({
  id: 'generic-ieee11073-oximeter',
  manufacturer: 'Generic',
  model: 'Pulse oximeter, IEEE 11073-10404',
  specialization: 'MDC_DEV_SPEC_PROFILE_PULS_OXIM',
  class: 'IIa',
  function: 'monitor',
  link: { kind: 'line', protocol: 'ieee11073-20601', baudRate: 115_200 },
  metrics: [
    { field: '150456', metric: 'MDC_PULS_OXIM_SAT_O2' },
    { field: '149530', metric: 'MDC_PULS_OXIM_PULS_RATE' },
  ],
  // The plethysmogram comes without its rate.
  omitted: ['150452'],
  // Some measure for a minute, some all night.
  silentAfterMs: 48 * 60 * 60 * 1_000,
  messagesPerSecondMax: 5,
  security: { authenticates: false, encrypts: false, updatable: false },
  sources: [
    'ISO/IEEE 11073-20601: association, configuration, scan reports.',
    'ISO/IEEE 11073-10404, clause 6: objects and standard configurations 0190 and 0191.',
  ],
});
