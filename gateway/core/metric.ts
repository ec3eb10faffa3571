/**
 * The nomenclature: every metric the gateway knows. A bedside measurement is named by its ISO/IEEE
 * 11073-10101 reference id; a laboratory analyte without one by `LN_` and its LOINC number. Adding
 * a row here is the only way a new kind of measurement enters the system, and a row is added only
 * when its codes were checked: a wrong code is a wrong medical record.
 *
 * LOINC numbers © Regenstrief Institute, Inc., used under https://loinc.org/license.
 */
export const metrics = {
  MDC_PULS_OXIM_SAT_O2: { code: 150456, unit: '%', loinc: '59408-5', plausible: [1, 100] },
  MDC_PULS_OXIM_PULS_RATE: { code: 149530, unit: '/min', loinc: '8889-8', plausible: [10, 350] },
  MDC_PULS_OXIM_PERF_REL: { code: 150448, unit: '%', loinc: '61006-3', plausible: [0, 20] },
  MDC_BLD_PERF_INDEX: { code: 150488, unit: '%', loinc: '61006-3', plausible: [0, 20] },
  // Neither a LOINC number nor a bound: the samples are in steps of the device's own converter.
  MDC_PULS_OXIM_PLETH: {
    code: 150452,
    unit: '1',
    shape: 'samples',
    plausible: [Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER],
  },
  // One of the leads; which one stands elsewhere.
  MDC_ECG_ELEC_POTL: {
    code: 131328,
    unit: 'uV',
    shape: 'samples',
    plausible: [-32_768, 32_767],
  },
  MDC_ECG_HEART_RATE: { code: 147842, unit: '/min', loinc: '8867-4', plausible: [10, 350] },
  MDC_RESP_RATE: { code: 151562, unit: '/min', loinc: '9279-1', plausible: [0, 200] },
  MDC_PULS_OXIM_PLETH_RESP_RATE: {
    code: 151658,
    unit: '/min',
    loinc: '9279-1',
    plausible: [0, 200],
  },
  // LOINC's numbers are of the end of a breath, which these do not say they are.
  MDC_CONC_AWAY_CO2_EXP: { code: 151712, unit: 'mm[Hg]', plausible: [0, 150] },
  MDC_CONC_AWAY_CO2_INSP: { code: 151716, unit: 'mm[Hg]', plausible: [0, 150] },
  // Survived accidental hypothermia begins near 12 °C.
  MDC_TEMP_BODY: { code: 150364, unit: 'Cel', loinc: '8310-5', plausible: [10, 47] },
  // Without a site: monitors call such a probe T1 to T6.
  MDC_TEMP: { code: 150344, unit: 'Cel', loinc: '8310-5', plausible: [0, 50] },
  MDC_TEMP_ESOPH: { code: 150372, unit: 'Cel', loinc: '60836-4', plausible: [10, 47] },
  MDC_TEMP_NASOPH: { code: 150380, unit: 'Cel', loinc: '60838-0', plausible: [10, 47] },
  MDC_TEMP_RECT: { code: 188420, unit: 'Cel', plausible: [10, 47] },
  MDC_TEMP_TYMP: { code: 150392, unit: 'Cel', plausible: [10, 47] },
  // The sites of a thermometer (IEEE 11073-10408).
  MDC_TEMP_ORAL: { code: 188424, unit: 'Cel', plausible: [10, 47] },
  MDC_TEMP_EAR: { code: 188428, unit: 'Cel', plausible: [10, 47] },
  MDC_TEMP_FINGER: { code: 188432, unit: 'Cel', plausible: [0, 50] },
  MDC_TEMP_TOE: { code: 188448, unit: 'Cel', plausible: [0, 50] },
  MDC_TEMP_AXILLA: { code: 188452, unit: 'Cel', loinc: '8328-7', plausible: [10, 47] },
  MDC_TEMP_GIT: { code: 188456, unit: 'Cel', plausible: [10, 47] },
  MDC_TEMP_SKIN: { code: 150388, unit: 'Cel', plausible: [0, 50] },
  MDC_TEMP_CORE: { code: 150368, unit: 'Cel', plausible: [10, 47] },
  MDC_TEMP_AWAY: { code: 150356, unit: 'Cel', plausible: [0, 60] },
  MDC_TEMP_BLD: { code: 188436, unit: 'Cel', loinc: '60834-9', plausible: [10, 47] },

  // FHIR R4 fixes the method-free LOINC numbers for the components of a blood pressure.
  MDC_PRESS_BLD_NONINV_SYS: {
    code: 150021,
    unit: 'mm[Hg]',
    loinc: '8480-6',
    plausible: [10, 350],
  },
  MDC_PRESS_BLD_NONINV_DIA: {
    code: 150022,
    unit: 'mm[Hg]',
    loinc: '8462-4',
    plausible: [5, 300],
  },
  MDC_PRESS_BLD_NONINV_MEAN: {
    code: 150023,
    unit: 'mm[Hg]',
    loinc: '8478-0',
    plausible: [5, 320],
  },
  MDC_BLD_PULS_RATE_INV: { code: 149522, unit: '/min', loinc: '8867-4', plausible: [10, 350] },
  MDC_PULS_RATE_NON_INV: { code: 149546, unit: '/min', loinc: '8867-4', plausible: [10, 350] },
  // A line that is flushed or not yet zeroed reads a little below nothing.
  MDC_PRESS_BLD_ART_SYS: {
    code: 150033,
    unit: 'mm[Hg]',
    loinc: '76215-3',
    plausible: [-40, 400],
  },
  MDC_PRESS_BLD_ART_DIA: {
    code: 150034,
    unit: 'mm[Hg]',
    loinc: '76213-8',
    plausible: [-40, 400],
  },
  MDC_PRESS_BLD_ART_MEAN: {
    code: 150035,
    unit: 'mm[Hg]',
    loinc: '76214-6',
    plausible: [-40, 400],
  },
  MDC_PRESS_BLD_ART_ABP_SYS: {
    code: 150037,
    unit: 'mm[Hg]',
    loinc: '76215-3',
    plausible: [-40, 400],
  },
  MDC_PRESS_BLD_ART_ABP_DIA: {
    code: 150038,
    unit: 'mm[Hg]',
    loinc: '76213-8',
    plausible: [-40, 400],
  },
  MDC_PRESS_BLD_ART_ABP_MEAN: {
    code: 150039,
    unit: 'mm[Hg]',
    loinc: '76214-6',
    plausible: [-40, 400],
  },
  MDC_PRESS_BLD_ART_PULM_SYS: {
    code: 150045,
    unit: 'mm[Hg]',
    loinc: '8440-0',
    plausible: [-40, 300],
  },
  MDC_PRESS_BLD_ART_PULM_DIA: { code: 150046, unit: 'mm[Hg]', plausible: [-40, 300] },
  MDC_PRESS_BLD_ART_PULM_MEAN: { code: 150047, unit: 'mm[Hg]', plausible: [-40, 300] },
  MDC_PRESS_BLD_ART_PULM_WEDGE: {
    code: 150052,
    unit: 'mm[Hg]',
    loinc: '75994-4',
    plausible: [-40, 150],
  },
  MDC_PRESS_BLD_VEN_CENT_MEAN: { code: 150087, unit: 'mm[Hg]', plausible: [-40, 150] },
  MDC_OUTPUT_CARD: { code: 150276, unit: 'L/min', loinc: '8741-1', plausible: [0.1, 40] },

  // Breathing and ventilation.
  MDC_TTHOR_RESP_RATE: { code: 151578, unit: '/min', loinc: '9279-1', plausible: [0, 200] },
  MDC_CO2_RESP_RATE: { code: 151594, unit: '/min', loinc: '9279-1', plausible: [0, 200] },
  MDC_CONC_AWAY_CO2_ET: { code: 151708, unit: 'mm[Hg]', loinc: '19891-1', plausible: [0, 200] },
  MDC_CONC_AWAY_O2_INSP: { code: 152196, unit: '%', loinc: '71835-3', plausible: [0, 100] },
  MDC_CONC_AWAY_O2_ET: { code: 152440, unit: '%', plausible: [0, 100] },
  MDC_VENT_PRESS_AWAY_MAX: { code: 151973, unit: 'cm[H2O]', plausible: [-40, 200] },
  MDC_VENT_PRESS_AWAY_MEAN: {
    code: 151975,
    unit: 'cm[H2O]',
    loinc: '60952-9',
    plausible: [-40, 150],
  },
  MDC_VENT_PRESS_AWAY_END_EXP_POS: {
    code: 151976,
    unit: 'cm[H2O]',
    loinc: '76248-4',
    plausible: [-40, 100],
  },
  MDC_VENT_PRESS_RESP_PLAT: { code: 152424, unit: 'cm[H2O]', plausible: [-40, 200] },
  MDC_VENT_VOL_TIDAL: { code: 151980, unit: 'mL', loinc: '76222-9', plausible: [0, 5_000] },
  MDC_VOL_AWAY_TIDAL_INSP: { code: 152660, unit: 'mL', plausible: [0, 5_000] },
  MDC_VOL_AWAY_TIDAL_EXP: { code: 152664, unit: 'mL', plausible: [0, 5_000] },
  MDC_VENT_VOL_MINUTE: { code: 151996, unit: 'L/min', plausible: [0, 100] },
  MDC_VENT_VOL_MINUTE_EXP: { code: 152000, unit: 'L/min', plausible: [0, 100] },
  MDC_COMPL_LUNG: { code: 151688, unit: 'mL/cm[H2O]', plausible: [0, 500] },
  MDC_PULS_RATE: { code: 149514, unit: '/min', loinc: '8867-4', plausible: [10, 350] },
  MDC_ECG_V_P_C_CNT: { code: 148065, unit: '/min', plausible: [0, 350] },
  MDC_AWAY_RESP_RATE: { code: 151570, unit: '/min', loinc: '9279-1', plausible: [0, 200] },
  MDC_AWAY_CO2_ET: { code: 151728, unit: 'mm[Hg]', plausible: [0, 200] },
  // A millimetre of the paper is 0.1 mV.
  MDC_ECG_AMPL_ST_I: { code: 131841, unit: 'mm', plausible: [-50, 50] },
  MDC_ECG_AMPL_ST_II: { code: 131842, unit: 'mm', plausible: [-50, 50] },
  MDC_ECG_AMPL_ST_III: { code: 131901, unit: 'mm', plausible: [-50, 50] },
  MDC_ECG_AMPL_ST_AVR: { code: 131902, unit: 'mm', plausible: [-50, 50] },
  MDC_ECG_AMPL_ST_AVL: { code: 131903, unit: 'mm', plausible: [-50, 50] },
  MDC_ECG_AMPL_ST_AVF: { code: 131904, unit: 'mm', plausible: [-50, 50] },
  MDC_ECG_AMPL_ST_V: { code: 131907, unit: 'mm', plausible: [-50, 50] },
  MDC_ECG_AMPL_ST_V1: { code: 131843, unit: 'mm', plausible: [-50, 50] },
  MDC_ECG_AMPL_ST_V2: { code: 131844, unit: 'mm', plausible: [-50, 50] },
  MDC_ECG_AMPL_ST_V3: { code: 131845, unit: 'mm', plausible: [-50, 50] },
  MDC_ECG_AMPL_ST_V4: { code: 131846, unit: 'mm', plausible: [-50, 50] },
  MDC_ECG_AMPL_ST_V5: { code: 131847, unit: 'mm', plausible: [-50, 50] },
  MDC_ECG_AMPL_ST_V6: { code: 131848, unit: 'mm', plausible: [-50, 50] },
  MDC_ECG_ELEC_POTL_I: {
    code: 131329,
    unit: 'mV',
    shape: 'samples',
    plausible: [-100, 100],
  },
  MDC_ECG_ELEC_POTL_II: {
    code: 131330,
    unit: 'mV',
    shape: 'samples',
    plausible: [-100, 100],
  },
  MDC_ECG_ELEC_POTL_III: {
    code: 131389,
    unit: 'mV',
    shape: 'samples',
    plausible: [-100, 100],
  },
  MDC_ECG_ELEC_POTL_AVR: {
    code: 131390,
    unit: 'mV',
    shape: 'samples',
    plausible: [-100, 100],
  },
  MDC_ECG_ELEC_POTL_AVL: {
    code: 131391,
    unit: 'mV',
    shape: 'samples',
    plausible: [-100, 100],
  },
  MDC_ECG_ELEC_POTL_AVF: {
    code: 131392,
    unit: 'mV',
    shape: 'samples',
    plausible: [-100, 100],
  },
  MDC_ECG_ELEC_POTL_V: {
    code: 131395,
    unit: 'mV',
    shape: 'samples',
    plausible: [-100, 100],
  },
  MDC_ECG_ELEC_POTL_V1: {
    code: 131331,
    unit: 'mV',
    shape: 'samples',
    plausible: [-100, 100],
  },
  MDC_ECG_ELEC_POTL_V2: {
    code: 131332,
    unit: 'mV',
    shape: 'samples',
    plausible: [-100, 100],
  },
  MDC_ECG_ELEC_POTL_V3: {
    code: 131333,
    unit: 'mV',
    shape: 'samples',
    plausible: [-100, 100],
  },
  MDC_ECG_ELEC_POTL_V4: {
    code: 131334,
    unit: 'mV',
    shape: 'samples',
    plausible: [-100, 100],
  },
  MDC_ECG_ELEC_POTL_V5: {
    code: 131335,
    unit: 'mV',
    shape: 'samples',
    plausible: [-100, 100],
  },
  MDC_ECG_ELEC_POTL_V6: {
    code: 131336,
    unit: 'mV',
    shape: 'samples',
    plausible: [-100, 100],
  },
  MDC_PRESS_BLD_ART: {
    code: 150032,
    unit: 'mm[Hg]',
    shape: 'samples',
    plausible: [-100, 500],
  },
  MDC_PRESS_BLD_ART_ABP: {
    code: 150036,
    unit: 'mm[Hg]',
    shape: 'samples',
    plausible: [-100, 500],
  },
  MDC_PRESS_BLD_ART_PULM: {
    code: 150044,
    unit: 'mm[Hg]',
    shape: 'samples',
    plausible: [-100, 500],
  },
  MDC_PRESS_BLD_VEN_CENT: {
    code: 150084,
    unit: 'mm[Hg]',
    shape: 'samples',
    plausible: [-100, 500],
  },
  MDC_LEN_BODY_ACTUAL: { code: 188740, unit: 'cm', loinc: '8302-2', plausible: [10, 300] },
  MDC_RATIO_MASS_BODY_LEN_SQ: {
    code: 188752,
    unit: 'kg/m2',
    loinc: '39156-5',
    plausible: [3, 200],
  },
  MDC_BODY_FAT: { code: 188748, unit: '%', loinc: '41982-0', plausible: [0, 90] },
  MDC_CONC_GLU_CAPILLARY_WHOLEBLOOD: {
    code: 160184,
    unit: 'mg/dL',
    loinc: '41653-7',
    plausible: [5, 2_000],
    molarMass: 180.156,
  },
  MDC_MASS_BODY_ACTUAL: { code: 188736, unit: 'kg', loinc: '29463-7', plausible: [0.2, 700] },

  /** Of a meter that pricks a finger and gives the result as plasma glucose. */
  MDC_CONC_GLU_CAPILLARY_PLASMA: {
    code: 160188,
    unit: 'mg/dL',
    loinc: '41653-7',
    plausible: [1, 2_000],
    molarMass: 180.156,
    category: 'laboratory',
  },

  /** Of a meter that does not say where the drop of blood came from. */
  MDC_CONC_GLU_UNDETERMINED_PLASMA: {
    code: 160368,
    unit: 'mg/dL',
    loinc: '2345-7',
    plausible: [1, 2_000],
    molarMass: 180.156,
    category: 'laboratory',
  },

  // Of an infusion pump. No LOINC number of these could be checked.
  MDC_FLOW_FLUID_PUMP: { code: 157784, unit: 'mL/h', category: 'therapy', plausible: [0, 3_000] },
  MDC_VOL_FLUID_DELIV: { code: 157864, unit: 'mL', category: 'therapy', plausible: [0, 100_000] },

  // In serum or plasma.
  /** Glucose. */
  LN_14749_6: { unit: 'mmol/L', loinc: '14749-6', plausible: [0, 150], molarMass: 180.156 },
  /** C reactive protein. */
  LN_1988_5: { unit: 'mg/L', loinc: '1988-5', plausible: [0, 1_500] },
  /** Urea. By mass it is reported as urea here and as urea nitrogen there: only moles are read. */
  LN_22664_7: { unit: 'mmol/L', loinc: '22664-7', plausible: [0, 150] },
  /** Creatinine. */
  LN_14682_9: { unit: 'umol/L', loinc: '14682-9', plausible: [0, 10_000], molarMass: 113.12 },
  /** Sodium. */
  LN_2951_2: { unit: 'mmol/L', loinc: '2951-2', plausible: [60, 250], isMonovalent: true },
  /** Potassium. */
  LN_2823_3: { unit: 'mmol/L', loinc: '2823-3', plausible: [0.5, 25], isMonovalent: true },
  /** Chloride. */
  LN_2075_0: { unit: 'mmol/L', loinc: '2075-0', plausible: [30, 250], isMonovalent: true },
  /** Lactate. By mass it is reported as ion here and as acid there: only moles are read. */
  LN_2524_7: { unit: 'mmol/L', loinc: '2524-7', plausible: [0, 60] },
  /** Calcium. */
  LN_2000_8: { unit: 'mmol/L', loinc: '2000-8', plausible: [0.2, 10], molarMass: 40.078 },
  /** Albumin. */
  LN_1751_7: { unit: 'g/L', loinc: '1751-7', plausible: [0, 100] },
  /** Protein. */
  LN_2885_2: { unit: 'g/L', loinc: '2885-2', plausible: [0, 250] },
  /** Alanine aminotransferase. */
  LN_1742_6: { unit: 'U/L', loinc: '1742-6', plausible: [0, 100_000] },
  /** Aspartate aminotransferase. */
  LN_1920_8: { unit: 'U/L', loinc: '1920-8', plausible: [0, 100_000] },
  /** Alkaline phosphatase. */
  LN_6768_6: { unit: 'U/L', loinc: '6768-6', plausible: [0, 20_000] },
  /** Gamma glutamyl transferase. */
  LN_2324_2: { unit: 'U/L', loinc: '2324-2', plausible: [0, 20_000] },
  /** Bilirubin, total. */
  LN_14631_6: { unit: 'umol/L', loinc: '14631-6', plausible: [0, 2_000], molarMass: 584.67 },
  /** Urate. */
  LN_14933_6: { unit: 'umol/L', loinc: '14933-6', plausible: [0, 5_000], molarMass: 168.11 },
  /** Cholesterol. */
  LN_14647_2: { unit: 'mmol/L', loinc: '14647-2', plausible: [0, 60], molarMass: 386.65 },
  /** Cholesterol in HDL. */
  LN_14646_4: { unit: 'mmol/L', loinc: '14646-4', plausible: [0, 20], molarMass: 386.65 },
  /** Triglyceride. A mixture has no molar mass of its own: only moles are read. */
  LN_14927_8: { unit: 'mmol/L', loinc: '14927-8', plausible: [0, 200] },

  // In blood.
  /** Haemoglobin A1c of haemoglobin, in per cent after NGSP. Never converted to mmol/mol. */
  LN_4548_4: { unit: '%', loinc: '4548-4', plausible: [1, 30] },
  /** Haemoglobin. */
  LN_718_7: { unit: 'g/dL', loinc: '718-7', plausible: [0.5, 30] },
  /** Leukocytes, automated count. */
  LN_6690_2: { unit: '10*3/uL', loinc: '6690-2', plausible: [0, 2_000] },
  /** Erythrocytes, automated count. */
  LN_789_8: { unit: '10*6/uL', loinc: '789-8', plausible: [0, 15] },
  /** Platelets, automated count. */
  LN_777_3: { unit: '10*3/uL', loinc: '777-3', plausible: [0, 10_000] },
  /** Haematocrit, automated count. */
  LN_4544_3: { unit: '%', loinc: '4544-3', plausible: [0, 90] },
  /** Mean corpuscular volume, automated count. */
  LN_787_2: { unit: 'fL', loinc: '787-2', plausible: [20, 250] },
  /** Mean corpuscular haemoglobin, automated count. */
  LN_785_6: { unit: 'pg', loinc: '785-6', plausible: [5, 100] },
  /** Mean corpuscular haemoglobin concentration, automated count. */
  LN_786_4: { unit: 'g/dL', loinc: '786-4', plausible: [5, 100] },
  /** Neutrophils, automated. */
  LN_751_8: { unit: '10*3/uL', loinc: '751-8', plausible: [0, 500] },
  /** Neutrophils of leukocytes, automated. */
  LN_770_8: { unit: '%', loinc: '770-8', plausible: [0, 100] },
  /** Lymphocytes, automated. */
  LN_731_0: { unit: '10*3/uL', loinc: '731-0', plausible: [0, 2_000] },
  /** Lymphocytes of leukocytes, automated. */
  LN_736_9: { unit: '%', loinc: '736-9', plausible: [0, 100] },
  /** Monocytes, automated. */
  LN_742_7: { unit: '10*3/uL', loinc: '742-7', plausible: [0, 500] },
  /** Monocytes of leukocytes, automated. */
  LN_5905_5: { unit: '%', loinc: '5905-5', plausible: [0, 100] },
  /** Eosinophils, automated. */
  LN_711_2: { unit: '10*3/uL', loinc: '711-2', plausible: [0, 500] },
  /** Eosinophils of leukocytes, automated. */
  LN_713_8: { unit: '%', loinc: '713-8', plausible: [0, 100] },
  /** Basophils, automated. */
  LN_704_7: { unit: '10*3/uL', loinc: '704-7', plausible: [0, 500] },
  /** Basophils of leukocytes, automated. */
  LN_706_2: { unit: '%', loinc: '706-2', plausible: [0, 100] },
  /** Erythrocyte distribution width, ratio, automated. */
  LN_788_0: { unit: '%', loinc: '788-0', plausible: [5, 60] },
  /** Erythrocyte distribution width, automated. */
  LN_21000_5: { unit: 'fL', loinc: '21000-5', plausible: [10, 200] },
  /** Mean platelet volume, automated. */
  LN_32623_1: { unit: 'fL', loinc: '32623-1', plausible: [2, 40] },
} as const satisfies Record<string, Metric>;

export interface Metric {
  /** Context-free code: partition × 2¹⁶ + term. Analytes without one are known by LOINC alone. */
  readonly code?: number;
  /** UCUM. Values are kept in this unit only. */
  readonly unit: string;
  readonly loinc?: string;
  /** Where it is no vital sign although it has a code (FHIR `observation-category`). */
  readonly category?: 'laboratory' | 'therapy';
  /** One figure, or a waveform. */
  readonly shape?: 'numeric' | 'samples';
  /** What a living patient could produce. A data-integrity bound, never a clinical limit. */
  readonly plausible: readonly [low: number, high: number];
  /** g/mol, where mass and amount of substance name the same thing beyond doubt. */
  readonly molarMass?: number;
  /** A mole of it is one equivalent. */
  readonly isMonovalent?: boolean;
}

export type MetricId = keyof typeof metrics;

export const metricIds = Object.keys(metrics) as MetricId[];

/** Analytes that have a LOINC number of their own and no other code. */
export const laboratoryMetrics: readonly { readonly metric: MetricId; readonly loinc: string }[] =
  metricIds.flatMap((metric) => {
    const row: Metric = metrics[metric];
    return row.code === undefined && row.loinc !== undefined ? [{ metric, loinc: row.loinc }] : [];
  });

/** Figures that have a code of ISO/IEEE 11073-10101: whoever states the code states what it is. */
export const codedMetrics: readonly { readonly metric: MetricId; readonly code: number }[] =
  metricIds.flatMap((metric) => {
    const row: Metric = metrics[metric];
    return row.code === undefined || row.shape === 'samples' ? [] : [{ metric, code: row.code }];
  });
