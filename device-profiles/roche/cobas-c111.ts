import { defineDeviceProfile } from '../../gateway/core/device-profile.ts';

/**
 * The analyser sends a test's application code number (ACN), unless the site translated it on the
 * analyser (“Host Application Code”): such a site writes its own profile. A number that is not here
 * is rejected as unknown and shown: a guessed analyte would be a wrong medical record.
 */
export default defineDeviceProfile({
  id: 'roche-cobas-c111',
  manufacturer: 'Roche',
  model: 'cobas c 111',
  specialization: 'MDC_DEV_ANALY_BLD_CHEM_MULTI_PARAM_MDS',
  class: 'A',
  function: 'diagnose',
  link: { kind: 'line', protocol: 'astm-e1381', baudRate: 9_600 },
  association: 'record',
  // ALB2, albumin by bromocresol green, in serum and plasma.
  metrics: [{ field: '413', metric: 'LN_1751_7', cadence: 'episodic' }],
  silentAfterMs: 24 * 60 * 60 * 1_000,
  messagesPerSecondMax: 50,
  security: { authenticates: false, encrypts: false, updatable: true },
  sources: [
    'Roche cobas c 111 Host Interface Manual 2.1 (2012), 6.1.2.4: application and test order codes.',
    'Roche cobas c 111 Host Interface Manual 2.1 (2012), 10.1: result record, units and flags.',
    'Roche Albumin Gen.2 method sheet (0103183688), “System information”: ALB2 is ACN 413.',
  ],
});
