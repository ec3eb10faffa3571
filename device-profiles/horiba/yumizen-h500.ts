import { defineDeviceProfile } from '../../gateway/core/device-profile.ts';

/**
 * A five-part blood count. The analyser states the LOINC number of each parameter beside its name;
 * its histograms and matrices, several kB in one frame, are passed over.
 */
export default defineDeviceProfile({
  id: 'horiba-yumizen-h500',
  manufacturer: 'Horiba',
  model: 'Yumizen H500',
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
    { field: 'MCV', metric: 'LN_787_2', unit: 'um3', cadence: 'episodic' },
    { field: 'MCH', metric: 'LN_785_6', cadence: 'episodic' },
    { field: 'MCHC', metric: 'LN_786_4', cadence: 'episodic' },
    { field: 'PLT', metric: 'LN_777_3', cadence: 'episodic' },
    { field: 'NEU#', metric: 'LN_751_8', cadence: 'episodic' },
    { field: 'NEU%', metric: 'LN_770_8', cadence: 'episodic' },
    { field: 'LYM#', metric: 'LN_731_0', cadence: 'episodic' },
    { field: 'LYM%', metric: 'LN_736_9', cadence: 'episodic' },
    { field: 'MON#', metric: 'LN_742_7', cadence: 'episodic' },
    { field: 'MON%', metric: 'LN_5905_5', cadence: 'episodic' },
    { field: 'EOS#', metric: 'LN_711_2', cadence: 'episodic' },
    { field: 'EOS%', metric: 'LN_713_8', cadence: 'episodic' },
    { field: 'BAS#', metric: 'LN_704_7', cadence: 'episodic' },
    { field: 'BAS%', metric: 'LN_706_2', cadence: 'episodic' },
    { field: 'RDW-CV', metric: 'LN_788_0', cadence: 'episodic' },
    { field: 'RDW-SD', metric: 'LN_21000_5', unit: 'um3', cadence: 'episodic' },
    { field: 'MPV', metric: 'LN_32623_1', unit: 'um3', cadence: 'episodic' },
  ],
  // Indices for research use: no number of theirs is in the nomenclature.
  omitted: ['PCT', 'PDW', 'P-LCC', 'P-LCR', 'LIC#', 'LIC%', 'ALY#', 'ALY%', 'IMG#', 'IMG%'],
  silentAfterMs: 24 * 60 * 60 * 1_000,
  messagesPerSecondMax: 50,
  security: { authenticates: false, encrypts: false, updatable: true },
  sources: [
    'senaite.astm, transcript of a Yumizen H500: parameter names, LOINC numbers and units',
    'LOINC: component, property and scale of each number.',
  ],
});
