import { defineDeviceProfile } from '../../gateway/core/device-profile.ts';

/** A three-part blood count. The analyser names its parameters as it prints them. */
export default defineDeviceProfile({
  id: 'sysmex-xp-100',
  manufacturer: 'Sysmex',
  model: 'XP-100',
  specialization: 'MDC_DEV_ANALY_BLD_CHEM_MULTI_PARAM_MDS',
  class: 'A',
  function: 'diagnose',
  link: { kind: 'line', protocol: 'astm-e1381', baudRate: 9_600 },
  association: 'record',
  metrics: [
    { field: 'WBC', metric: 'LN_6690_2', cadence: 'episodic' },
    { field: 'RBC', metric: 'LN_789_8', cadence: 'episodic' },
    { field: 'HGB', metric: 'LN_718_7', cadence: 'episodic' },
    { field: 'HCT', metric: 'LN_4544_3', cadence: 'episodic' },
    { field: 'MCV', metric: 'LN_787_2', cadence: 'episodic' },
    { field: 'MCH', metric: 'LN_785_6', cadence: 'episodic' },
    { field: 'MCHC', metric: 'LN_786_4', cadence: 'episodic' },
    { field: 'PLT', metric: 'LN_777_3', cadence: 'episodic' },
    { field: 'RDW-SD', metric: 'LN_21000_5', cadence: 'episodic' },
    { field: 'RDW-CV', metric: 'LN_788_0', cadence: 'episodic' },
    { field: 'MPV', metric: 'LN_32623_1', cadence: 'episodic' },
  ],
  // Parts of the white cells by size alone, which five-part names do not fit, and platelet indices.
  omitted: ['LYM%', 'MXD%', 'NEUT%', 'LYM#', 'MXD#', 'NEUT#', 'PDW', 'P-LCR', 'PCT'],
  silentAfterMs: 24 * 60 * 60 * 1_000,
  messagesPerSecondMax: 50,
  security: { authenticates: false, encrypts: false, updatable: true },
  sources: [
    'Sysmex XP Series Interface Specifications, revision 1.3 (2013): ASTM records and parameters',
    'senaite.astm, transcript of an XP-100: parameter names and units',
  ],
});
