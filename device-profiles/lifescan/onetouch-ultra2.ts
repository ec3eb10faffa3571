import { defineDeviceProfile } from '../../gateway/core/device-profile.ts';

export default defineDeviceProfile({
  id: 'lifescan-onetouch-ultra2',
  manufacturer: 'LifeScan',
  model: 'OneTouch Ultra2',
  specialization: 'MDC_DEV_SPEC_PROFILE_GLUCOSE',
  // IVDR Annex VIII, rule 4 (a): blood glucose in self-testing.
  class: 'C',
  function: 'diagnose',
  link: { kind: 'line', protocol: 'onetouch-dmp', baudRate: 9_600 },
  // Capillary blood; the result is given as plasma glucose.
  metrics: [{ field: 'GLU', metric: 'MDC_CONC_GLU_CAPILLARY_PLASMA', cadence: 'episodic' }],
  // Before or after a meal, and one of twelve remarks of the patient’s.
  omitted: ['MEAL', 'COMMENT'],
  silentAfterMs: 48 * 60 * 60 * 1_000,
  messagesPerSecondMax: 50,
  security: { authenticates: false, encrypts: false, updatable: false },
  sources: [
    'Tidepool uploader (tidepool-org/uploader), oneTouchUltra2.js: command, lines, checksum',
    'glucometerutils, otultra2.py, after LifeScan’s protocol document: control mark, error mark, unit',
    'LifeScan OneTouch Ultra2 Owner’s Booklet: plasma-calibrated, 20 to 600 mg/dL',
  ],
});
