/**
 * Units of measurement of ISO/IEEE 11073-10101 (Table A.6): term of partition 4 to UCUM and the
 * reference id. Counts of beats and breaths are plain rates: UCUM holds what is counted to be no
 * part of a unit.
 */
const units: Readonly<Partial<Record<number, readonly [ucum: string, id: string]>>> = {
  512: ['1', 'MDC_DIM_DIMLESS'],
  544: ['%', 'MDC_DIM_PERCENT'],
  1297: ['cm', 'MDC_DIM_CENTI_M'],
  1298: ['mm', 'MDC_DIM_MILLI_M'],
  1376: ['[in_i]', 'MDC_DIM_INCH'],
  1618: ['mL', 'MDC_DIM_MILLI_L'],
  1728: ['g', 'MDC_DIM_G'],
  1731: ['kg', 'MDC_DIM_KILO_G'],
  1760: ['[lb_av]', 'MDC_DIM_LB'],
  1952: ['kg/m2', 'MDC_DIM_KG_PER_M_SQ'],
  2130: ['mg/dL', 'MDC_DIM_MILLI_G_PER_DL'],
  2720: ['/min', 'MDC_DIM_BEAT_PER_MIN'],
  2784: ['/min', 'MDC_DIM_RESP_PER_MIN'],
  3122: ['mL/h', 'MDC_DIM_MILLI_L_PER_HR'],
  3843: ['kPa', 'MDC_DIM_KILO_PASCAL'],
  3872: ['mm[Hg]', 'MDC_DIM_MMHG'],
  3904: ['cm[H2O]', 'MDC_DIM_CM_H2O'],
  4274: ['mV', 'MDC_DIM_MILLI_VOLT'],
  4416: ['[degF]', 'MDC_DIM_FAHR'],
  4722: ['mmol/L', 'MDC_DIM_MILLI_MOLE_PER_L'],
  6048: ['Cel', 'MDC_DIM_DEGC'],
};

const unitPartition = 4 * 0x1_0000;
const termsOfPartition = 0x1_0000;

/** UCUM of a term of the partition of units, as a device with a binary protocol writes it. */
export function unitOfTerm(term: number): string | undefined {
  return units[term]?.[0];
}

/** UCUM of a context-free code (partition × 2¹⁶ + term), as HL7 v2 writes it. */
export function unitOfCode(code: number): string | undefined {
  const term = code - unitPartition;
  return term >= 0 && term < termsOfPartition ? units[term]?.[0] : undefined;
}

/** The context-free code that stands for a UCUM unit. */
export function codeOfUnit(unit: string): number | undefined {
  return namedUnit(unit)?.code;
}

/** Code and reference id that stand for a UCUM unit; `/min` is of beats unless said. */
export function namedUnit(
  unit: string,
  isOfBreaths = false,
): { readonly code: number; readonly id: string } | undefined {
  const named = Object.entries(units).filter(([, names]) => names?.[0] === unit);
  const found = named[isOfBreaths ? named.length - 1 : 0];
  return found && { code: unitPartition + Number(found[0]), id: found[1]?.[1] ?? '' };
}
