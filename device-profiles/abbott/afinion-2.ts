import { defineDeviceProfile } from '../../gateway/core/device-profile.ts';

/**
 * A point-of-care analyser. Its lipid, CRP and albumin/creatinine cartridges send codes that could
 * not be checked; they are rejected as unknown and shown. HbA1c in mmol/mol is refused: it is
 * another quantity than per cent, with a LOINC number of its own.
 */
export default defineDeviceProfile({
  id: 'abbott-afinion-2',
  manufacturer: 'Abbott',
  model: 'Afinion 2',
  specialization: 'MDC_DEV_ANALY_BLD_CHEM_MULTI_PARAM_MDS',
  // IVDR Annex VIII, rule 4 (b): near-patient tests are classed as the test itself.
  class: 'B',
  function: 'diagnose',
  link: { kind: 'line', protocol: 'astm-e1381', baudRate: 9_600 },
  association: 'record',
  metrics: [{ field: 'HbA1c', metric: 'LN_4548_4', cadence: 'episodic' }],
  silentAfterMs: 24 * 60 * 60 * 1_000,
  messagesPerSecondMax: 20,
  security: { authenticates: false, encrypts: false, updatable: true },
  sources: [
    'senaite.astm, transcript of an Afinion 2: record layout, test code HbA1c, per cent',
    'Afinion HbA1c package insert: per cent after NGSP, in whole blood',
  ],
});
