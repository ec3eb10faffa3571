import { defineDeviceProfile } from '../../gateway/core/device-profile.ts';

/** A home blood pressure monitor of the UA-651 kind behind a hub that speaks MQTT. */
export default defineDeviceProfile({
  id: 'a-and-d-home-bp',
  manufacturer: 'A&D',
  model: 'UA-651 with MQTT hub',
  specialization: 'MDC_DEV_SPEC_PROFILE_BP',
  class: 'IIa',
  function: 'diagnose',
  link: {
    kind: 'mqtt',
    protocol: 'wardgate-json',
    topics: { observations: 'home/{id}/blood-pressure' },
  },
  metrics: [
    {
      field: 'MDC_PRESS_BLD_NONINV_SYS',
      metric: 'MDC_PRESS_BLD_NONINV_SYS',
      cadence: 'episodic',
    },
    {
      field: 'MDC_PRESS_BLD_NONINV_DIA',
      metric: 'MDC_PRESS_BLD_NONINV_DIA',
      cadence: 'episodic',
    },
    {
      field: 'MDC_PRESS_BLD_NONINV_MEAN',
      metric: 'MDC_PRESS_BLD_NONINV_MEAN',
      cadence: 'episodic',
    },
    { field: 'MDC_PULS_RATE_NON_INV', metric: 'MDC_PULS_RATE_NON_INV', cadence: 'episodic' },
  ],
  // Measured once or twice a day.
  silentAfterMs: 48 * 60 * 60 * 1_000,
  messagesPerSecondMax: 1,
  security: { authenticates: true, encrypts: true, updatable: false },
  sources: [
    'IEEE 11073-10407, clause 6: systolic, diastolic, mean pressure and pulse rate of a home monitor.',
    'wardgate-json payload: the project’s own; fields are ISO/IEEE 11073-10101 reference ids.',
  ],
});
