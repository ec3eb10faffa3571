/**
 * The codes of the IntelliVue Data Export interface (Programming Guide, chapter 7). Measurements
 * below F000 are the terms of ISO/IEEE 11073-10101, partition 2; those above are Philips' own. A
 * row is [code, name]; the name is what a profile calls the field.
 */
const terms: readonly (readonly [code: number, name: string])[] = [
  [0x0100, 'ECG_ELEC_POTL'],
  [0x0101, 'ECG_ELEC_POTL_I'],
  [0x0102, 'ECG_ELEC_POTL_II'],
  [0x0103, 'ECG_ELEC_POTL_V1'],
  [0x0104, 'ECG_ELEC_POTL_V2'],
  [0x0105, 'ECG_ELEC_POTL_V3'],
  [0x0106, 'ECG_ELEC_POTL_V4'],
  [0x0107, 'ECG_ELEC_POTL_V5'],
  [0x0108, 'ECG_ELEC_POTL_V6'],
  [0x013d, 'ECG_ELEC_POTL_III'],
  [0x013e, 'ECG_ELEC_POTL_AVR'],
  [0x013f, 'ECG_ELEC_POTL_AVL'],
  [0x0140, 'ECG_ELEC_POTL_AVF'],
  [0x0143, 'ECG_ELEC_POTL_V'],
  [0x014b, 'ECG_ELEC_POTL_MCL'],
  [0x014c, 'ECG_ELEC_POTL_MCL1'],
  [0x0300, 'ECG_AMPL_ST'],
  [0x0301, 'ECG_AMPL_ST_I'],
  [0x0302, 'ECG_AMPL_ST_II'],
  [0x0303, 'ECG_AMPL_ST_V1'],
  [0x0304, 'ECG_AMPL_ST_V2'],
  [0x0305, 'ECG_AMPL_ST_V3'],
  [0x0306, 'ECG_AMPL_ST_V4'],
  [0x0307, 'ECG_AMPL_ST_V5'],
  [0x0308, 'ECG_AMPL_ST_V6'],
  [0x033d, 'ECG_AMPL_ST_III'],
  [0x033e, 'ECG_AMPL_ST_AVR'],
  [0x033f, 'ECG_AMPL_ST_AVL'],
  [0x0340, 'ECG_AMPL_ST_AVF'],
  [0x0343, 'ECG_AMPL_ST_V'],
  [0x034b, 'ECG_AMPL_ST_MCL'],
  [0x0364, 'ECG_AMPL_ST_ES'],
  [0x0365, 'ECG_AMPL_ST_AS'],
  [0x0366, 'ECG_AMPL_ST_AI'],
  [0x3f20, 'ECG_TIME_PD_QT_GL'],
  [0x3f24, 'ECG_TIME_PD_QTc'],
  [0x4182, 'ECG_CARD_BEAT_RATE'],
  [0x418a, 'ECG_CARD_BEAT_RATE_BTB'],
  [0x4261, 'ECG_V_P_C_CNT'],
  [0x480a, 'PULS_RATE'],
  [0x4822, 'PLETH_PULS_RATE'],
  [0x4900, 'RES_VASC_SYS_INDEX'],
  [0x490c, 'OUTPUT_CARD_INDEX'],
  [0x4a00, 'PRESS_BLD'],
  [0x4a01, 'PRESS_BLD_SYS'],
  [0x4a02, 'PRESS_BLD_DIA'],
  [0x4a03, 'PRESS_BLD_MEAN'],
  [0x4a05, 'PRESS_BLD_NONINV_SYS'],
  [0x4a06, 'PRESS_BLD_NONINV_DIA'],
  [0x4a07, 'PRESS_BLD_NONINV_MEAN'],
  [0x4a0c, 'PRESS_BLD_AORT'],
  [0x4a0d, 'PRESS_BLD_AORT_SYS'],
  [0x4a0e, 'PRESS_BLD_AORT_DIA'],
  [0x4a0f, 'PRESS_BLD_AORT_MEAN'],
  [0x4a10, 'PRESS_BLD_ART'],
  [0x4a11, 'PRESS_BLD_ART_SYS'],
  [0x4a12, 'PRESS_BLD_ART_DIA'],
  [0x4a13, 'PRESS_BLD_ART_MEAN'],
  [0x4a14, 'PRESS_BLD_ART_ABP'],
  [0x4a15, 'PRESS_BLD_ART_ABP_SYS'],
  [0x4a16, 'PRESS_BLD_ART_ABP_DIA'],
  [0x4a17, 'PRESS_BLD_ART_ABP_MEAN'],
  [0x4a1c, 'PRESS_BLD_ART_PULM'],
  [0x4a1d, 'PRESS_BLD_ART_PULM_SYS'],
  [0x4a1e, 'PRESS_BLD_ART_PULM_DIA'],
  [0x4a1f, 'PRESS_BLD_ART_PULM_MEAN'],
  [0x4a24, 'PRESS_BLD_ART_PULM_WEDGE'],
  [0x4a28, 'PRESS_BLD_ART_UMB'],
  [0x4a29, 'PRESS_BLD_ART_UMB_SYS'],
  [0x4a2a, 'PRESS_BLD_ART_UMB_DIA'],
  [0x4a2b, 'PRESS_BLD_ART_UMB_MEAN'],
  [0x4a30, 'PRESS_BLD_ATR_LEFT'],
  [0x4a31, 'PRESS_BLD_ATR_LEFT_SYS'],
  [0x4a32, 'PRESS_BLD_ATR_LEFT_DIA'],
  [0x4a33, 'PRESS_BLD_ATR_LEFT_MEAN'],
  [0x4a34, 'PRESS_BLD_ATR_RIGHT'],
  [0x4a35, 'PRESS_BLD_ATR_RIGHT_SYS'],
  [0x4a36, 'PRESS_BLD_ATR_RIGHT_DIA'],
  [0x4a37, 'PRESS_BLD_ATR_RIGHT_MEAN'],
  [0x4a44, 'PRESS_BLD_VEN_CENT'],
  [0x4a45, 'PRESS_BLD_VEN_CENT_SYS'],
  [0x4a46, 'PRESS_BLD_VEN_CENT_DIA'],
  [0x4a47, 'PRESS_BLD_VEN_CENT_MEAN'],
  [0x4a48, 'PRESS_BLD_VEN_UMB'],
  [0x4a49, 'PRESS_BLD_VEN_UMB_SYS'],
  [0x4a4a, 'PRESS_BLD_VEN_UMB_DIA'],
  [0x4a4b, 'PRESS_BLD_VEN_UMB_MEAN'],
  [0x4b04, 'OUTPUT_CARD'],
  [0x4b28, 'RES_VASC_SYS'],
  [0x4b48, 'TEMP'],
  [0x4b50, 'TEMP_ART'],
  [0x4b54, 'TEMP_AWAY'],
  [0x4b60, 'TEMP_CORE'],
  [0x4b64, 'TEMP_ESOPH'],
  [0x4b68, 'TEMP_INJ'],
  [0x4b6c, 'TEMP_NASOPH'],
  [0x4b74, 'TEMP_SKIN'],
  [0x4b78, 'TEMP_TYMP'],
  [0x4b7c, 'TEMP_VEN'],
  [0x4b84, 'VOL_BLD_STROKE'],
  [0x4bb0, 'PULS_OXIM_PERF_REL'],
  [0x4bb4, 'PLETH'],
  [0x4bb8, 'PULS_OXIM_SAT_O2'],
  [0x4bc4, 'PULS_OXIM_SAT_O2_DIFF'],
  [0x4bc8, 'PULS_OXIM_SAT_O2_ART_LEFT'],
  [0x4bcc, 'PULS_OXIM_SAT_O2_ART_RIGHT'],
  [0x4bdc, 'OUTPUT_CARD_CTS'],
  [0x5000, 'RESP'],
  [0x500a, 'RESP_RATE'],
  [0x5012, 'AWAY_RESP_RATE'],
  [0x50ac, 'AWAY_CO2'],
  [0x50b0, 'AWAY_CO2_ET'],
  [0x50ba, 'AWAY_CO2_INSP_MIN'],
  [0x5130, 'TIME_PD_APNEA'],
  [0x5164, 'CONC_AWAY_O2'],
  [0x5804, 'PRESS_CEREB_PERF'],
  [0x5808, 'PRESS_INTRA_CRAN'],
  [0x580a, 'PRESS_INTRA_CRAN_MEAN'],
  [0xe018, 'TEMP_DIFF'],
  [0xf03d, 'ECG_AMPL_ST_INDEX'],
  [0xf06c, 'SAT_DIFF_O2_ART_VEN'],
  [0xf0e3, 'PULS_PRESS_VAR'],
  [0xf0e5, 'PRESS_BLD_NONINV_PULS_RATE'],
  [0xf154, 'ECG_TIME_PD_QT_HEART_RATE'],
  [0xf156, 'ECG_TIME_PD_QTc_DELTA'],
];

const names = new Map(terms);
const codes = new Map(terms.map(([code, name]) => [name, code]));

/** Every field this file can name. */
export const intellivueFields: readonly string[] = terms.map(([, name]) => name);

/** The field of a measurement; one that is not in the table is named by its code, as `0x4B24`. */
export function intellivueField(code: number): string {
  return names.get(code) ?? `0x${code.toString(16).toUpperCase().padStart(4, '0')}`;
}

export function intellivueCode(field: string): number | undefined {
  return codes.get(field);
}

/** UCUM for the units of the fields above (partition 4 of the nomenclature). */
const units: Readonly<Record<number, string>> = {
  512: '1',
  544: '%',
  1298: 'mm',
  2194: 'ms',
  2720: '/min',
  2784: '/min',
  3072: 'L/min',
  3843: 'kPa',
  3872: 'mm[Hg]',
  3904: 'cm[H2O]',
  4274: 'mV',
  4288: 'Ohm',
  4416: '[degF]',
  6048: 'Cel',
};

const unitCodes = new Map(Object.entries(units).map(([code, unit]) => [unit, Number(code)]));

/** UCUM, or a text that is no unit, so that a value in an unknown one is refused, not mistaken. */
export function intellivueUnit(code: number): string {
  return units[code] ?? `unit-${code}`;
}

export function intellivueUnitCode(unit: string): number {
  return unitCodes.get(unit) ?? 0;
}
