import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Metric, metricIds, metrics } from '../../../gateway/core/metric.ts';
import { convert } from '../../../gateway/core/unit.ts';

describe('a figure', () => {
  it.each([
    [98.6, '[degF]', 'Cel', 37],
    [310.15, 'K', 'Cel', 37],
    [16, 'kPa', 'mm[Hg]', 120.010200867],
    [120, 'mmHg', 'kPa', 15.99864],
    [165, '[lb_av]', 'kg', 74.84274105],
    [72, 'beat/min', '/min', 72],
    [72, '{beats}/min', '/min', 72],
    [72, 'bpm', '/min', 72],
    [4.4, 'g/dL', 'g/L', 44],
    [44, 'g/l', 'g/dL', 4.4],
    [1.2, 'mg/dl', 'mg/L', 12],
    [0.42, 'L/L', '%', 42],
    [0.97, '1', '%', 97],
    [6.8, '10E9/L', '10*3/uL', 6.8],
    [4.8, '10*12/L', '10*6/uL', 4.8],
    [90.6, 'um3', 'fL', 90.6],
    [22, 'IU/l', 'U/L', 22],
    [77, 'µmol/l', 'umol/L', 77],
    [10, 'mbar', 'cm[H2O]', 10.1971621298],
    [50, 'L/bar', 'mL/cm[H2O]', 49.03325],
    [0.48, 'L', 'mL', 480],
    [5.5, 'x10^9/L', '10*3/uL', 5.5],
    [5.5, '10^3/mm3', '10*3/uL', 5.5],
    [4.6, 'Tera/L', '10*6/uL', 4.6],
    [13.3, 'g/100mL', 'g/dL', 13.3],
  ])('of %d %s is in %s %d', (value, from, to, expected) => {
    expect(convert(value, from, to)).toBeCloseTo(expected, 8);
  });

  it.each([
    [90, 'mg/dL', 'LN_14749_6', 4.9957],
    [1, 'mg/dL', 'LN_14682_9', 88.4],
    [1, 'mg/dL', 'LN_14631_6', 17.104],
    [200, 'mg/dL', 'LN_14647_2', 5.1726],
    [10, 'mg/dL', 'LN_2000_8', 2.4951],
    [140, 'mEq/L', 'LN_2951_2', 140],
  ] as const)('of %d %s becomes moles where %s allows it', (value, from, id, expected) => {
    const metric: Metric = metrics[id];
    const converted = convert(value, from, metric.unit, metric);
    expect(Number(converted) / expected).toBeCloseTo(1, 3);
  });

  it.each([
    ['mg/dL', 'mmol/L', 'LN_22664_7'],
    ['mg/dL', 'mmol/L', 'LN_14927_8'],
    ['mEq/L', 'mmol/L', 'LN_2000_8'],
    ['mmol/mol', '%', 'LN_4548_4'],
    ['mmol/L', 'g/dL', 'LN_718_7'],
    ['', 'mmol/L', 'LN_14749_6'],
    ['MMOL/L', 'mmol/L', 'LN_14749_6'],
    ['Cel', '/min', 'MDC_ECG_HEART_RATE'],
    ['constructor', '%', 'MDC_PULS_OXIM_SAT_O2'],
    ['%'.repeat(100_000), '%', 'MDC_PULS_OXIM_SAT_O2'],
  ] as const)('in %s never becomes %s of %s', (from, to, id) => {
    expect(convert(1, from, to, metrics[id])).toBe('wrong-unit');
  });

  it('comes back from any unit it went to', () => {
    const units = ['mg/dL', 'g/L', 'umol/L', 'mol/L', '[degF]', 'K', 'kPa', '10*9/L', '%', 'g'];
    const figures = fc.double({ min: 0.001, max: 1_000, noNaN: true });
    fc.assert(
      fc.property(
        figures,
        fc.constantFrom(...metricIds),
        fc.constantFrom(...units),
        (figure, id, unit) => {
          const metric: Metric = metrics[id];
          const there = convert(figure, metric.unit, unit, metric);
          if (there === 'wrong-unit') return;
          const back = convert(there, unit, metric.unit, metric);
          expect(Number(back)).toBeCloseTo(figure, 6);
        },
      ),
    );
  });
});

describe('the nomenclature', () => {
  it('holds only LOINC numbers whose check digit is right', () => {
    for (const id of metricIds) {
      const { loinc }: Metric = metrics[id];
      if (loinc !== undefined) expect(checkDigit(loinc), id).toBe(Number(loinc.split('-')[1]));
    }
  });

  it('names an analyte by its LOINC number and gives a code to everything else', () => {
    for (const id of metricIds) {
      const { loinc, code }: Metric = metrics[id];
      if (id.startsWith('LN_')) expect(id).toBe(`LN_${loinc?.replace('-', '_')}`);
      else expect(Math.trunc((code ?? 0) / 2 ** 16), id).toBe(2);
    }
  });

  it('gives no code twice', () => {
    const codes = metricIds.flatMap((id) => (metrics[id] as Metric).code ?? []);
    expect(new Set(codes).size).toBe(codes.length);
  });
});

/** Luhn's sum, modulo 10 (LOINC Users’ Guide, appendix C). */
function checkDigit(loinc: string): number {
  const digits = [...(loinc.split('-')[0] ?? '')].reverse().map(Number);
  const sum = digits.reduce((total, digit, index) => {
    const doubled = index % 2 === 0 ? digit * 2 : digit;
    return total + (doubled > 9 ? doubled - 9 : doubled);
  }, 0);
  return (10 - (sum % 10)) % 10;
}
