import { defineDeviceProfile } from '../../gateway/core/device-profile.ts';
import { laboratoryMetrics } from '../../gateway/core/metric.ts';

/**
 * An analyser that names its tests in plain words. The codes of the first group hold in serum and
 * plasma, those of the second in blood; a result of any other specimen carries its type in the
 * field's name and is rejected as unknown, unless the analyser states a LOINC number: that says for
 * itself what was measured in what.
 */
export default defineDeviceProfile({
  id: 'generic-astm-analyser',
  manufacturer: 'Generic',
  model: 'Laboratory analyser, ASTM',
  specialization: 'MDC_DEV_ANALY_BLD_CHEM_MULTI_PARAM_MDS',
  class: 'A',
  function: 'diagnose',
  link: { kind: 'line', protocol: 'astm-e1381', baudRate: 9_600 },
  association: 'record',
  metrics: [
    { field: 'Glucose', metric: 'LN_14749_6', cadence: 'episodic' },
    { field: 'GLU', metric: 'LN_14749_6', cadence: 'episodic' },
    { field: 'CRP', metric: 'LN_1988_5', cadence: 'episodic' },
    { field: 'Urea', metric: 'LN_22664_7', cadence: 'episodic' },
    { field: 'UREA', metric: 'LN_22664_7', cadence: 'episodic' },
    { field: 'Creatinine', metric: 'LN_14682_9', cadence: 'episodic' },
    { field: 'CREA', metric: 'LN_14682_9', cadence: 'episodic' },
    { field: 'Na', metric: 'LN_2951_2', cadence: 'episodic' },
    { field: 'K', metric: 'LN_2823_3', cadence: 'episodic' },
    { field: 'Cl', metric: 'LN_2075_0', cadence: 'episodic' },
    { field: 'Lactate', metric: 'LN_2524_7', cadence: 'episodic' },
    { field: 'Calcium', metric: 'LN_2000_8', cadence: 'episodic' },
    { field: 'Albumin', metric: 'LN_1751_7', cadence: 'episodic' },
    { field: 'ALB', metric: 'LN_1751_7', cadence: 'episodic' },
    { field: 'Protein', metric: 'LN_2885_2', cadence: 'episodic' },
    { field: 'ALT', metric: 'LN_1742_6', cadence: 'episodic' },
    { field: 'AST', metric: 'LN_1920_8', cadence: 'episodic' },
    { field: 'ALP', metric: 'LN_6768_6', cadence: 'episodic' },
    { field: 'GGT', metric: 'LN_2324_2', cadence: 'episodic' },
    { field: 'Bilirubin', metric: 'LN_14631_6', cadence: 'episodic' },
    { field: 'TBIL', metric: 'LN_14631_6', cadence: 'episodic' },
    { field: 'Urate', metric: 'LN_14933_6', cadence: 'episodic' },
    { field: 'Cholesterol', metric: 'LN_14647_2', cadence: 'episodic' },
    { field: 'CHOL', metric: 'LN_14647_2', cadence: 'episodic' },
    { field: 'HDL', metric: 'LN_14646_4', cadence: 'episodic' },
    { field: 'Triglycerides', metric: 'LN_14927_8', cadence: 'episodic' },
    { field: 'TRIG', metric: 'LN_14927_8', cadence: 'episodic' },
    { field: 'HbA1c', metric: 'LN_4548_4', cadence: 'episodic' },
    { field: 'HbA1c^BLD', metric: 'LN_4548_4', cadence: 'episodic' },
    { field: 'HGB', metric: 'LN_718_7', cadence: 'episodic' },
    { field: 'HGB^BLD', metric: 'LN_718_7', cadence: 'episodic' },
    { field: 'WBC', metric: 'LN_6690_2', cadence: 'episodic' },
    { field: 'WBC^BLD', metric: 'LN_6690_2', cadence: 'episodic' },
    { field: 'RBC', metric: 'LN_789_8', cadence: 'episodic' },
    { field: 'RBC^BLD', metric: 'LN_789_8', cadence: 'episodic' },
    { field: 'PLT', metric: 'LN_777_3', cadence: 'episodic' },
    { field: 'PLT^BLD', metric: 'LN_777_3', cadence: 'episodic' },
    { field: 'HCT', metric: 'LN_4544_3', cadence: 'episodic' },
    { field: 'HCT^BLD', metric: 'LN_4544_3', cadence: 'episodic' },
    { field: 'MCV', metric: 'LN_787_2', cadence: 'episodic' },
    { field: 'MCV^BLD', metric: 'LN_787_2', cadence: 'episodic' },
    { field: 'MCH', metric: 'LN_785_6', cadence: 'episodic' },
    { field: 'MCH^BLD', metric: 'LN_785_6', cadence: 'episodic' },
    { field: 'MCHC', metric: 'LN_786_4', cadence: 'episodic' },
    { field: 'MCHC^BLD', metric: 'LN_786_4', cadence: 'episodic' },
    // Whatever the analyser calls it, where it states the LOINC number itself.
    ...laboratoryMetrics.map(({ metric, loinc }) => ({
      field: `${loinc}^LN`,
      metric,
      cadence: 'episodic' as const,
    })),
  ],
  silentAfterMs: 24 * 60 * 60 * 1_000,
  messagesPerSecondMax: 50,
  security: { authenticates: false, encrypts: false, updatable: true },
  sources: [
    'CLSI LIS2-A2 (ASTM E1394), 8.4: the result record and its universal test id.',
    'LOINC: component, property, system and scale of each analyte; unit after UCUM.',
  ],
});
