import type { Metric } from './metric.ts';

/** The longest unit any device of ours writes. A longer text is not one. */
const unitLengthMax = 32;

/** Keeps what a conversion adds in the 13th digit out of a medical record. */
const significantDigits = 12;

/** `value × factor + offset` turns a figure of one unit into one of another. */
export interface Conversion {
  readonly factor: number;
  readonly offset: number;
}

type Kind =
  | 'pressure'
  | 'rate'
  | 'temperature'
  | 'mass'
  | 'mass-concentration'
  | 'substance-concentration'
  | 'equivalent-concentration'
  | 'catalytic-concentration'
  | 'number-concentration'
  | 'volume'
  | 'entity-mass'
  | 'compliance'
  | 'fraction';

/**
 * UCUM units by kind, with the factor and offset that lead to the first unit of their kind.
 * Source: The Unified Code for Units of Measure 2.1, tables 2 to 4.
 */
const units: Readonly<Record<string, readonly [kind: Kind, factor: number, offset?: number]>> = {
  kPa: ['pressure', 1],
  'mm[Hg]': ['pressure', 0.133322],
  'cm[H2O]': ['pressure', 0.0980665],
  mbar: ['pressure', 0.1],
  '/min': ['rate', 1],
  Cel: ['temperature', 1],
  '[degF]': ['temperature', 5 / 9, -160 / 9],
  K: ['temperature', 1, -273.15],
  kg: ['mass', 1],
  g: ['mass', 0.001],
  '[lb_av]': ['mass', 0.45359237],
  'g/L': ['mass-concentration', 1],
  'g/dL': ['mass-concentration', 10],
  'mg/dL': ['mass-concentration', 0.01],
  'mg/L': ['mass-concentration', 0.001],
  'ug/mL': ['mass-concentration', 0.001],
  'mol/L': ['substance-concentration', 1],
  'mmol/L': ['substance-concentration', 0.001],
  'umol/L': ['substance-concentration', 0.000001],
  'meq/L': ['equivalent-concentration', 0.001],
  'U/L': ['catalytic-concentration', 1],
  '10*3/uL': ['number-concentration', 1],
  '10*9/L': ['number-concentration', 1],
  '10*6/uL': ['number-concentration', 1_000],
  '10*12/L': ['number-concentration', 1_000],
  fL: ['volume', 1],
  um3: ['volume', 1],
  mL: ['volume', 1e12],
  L: ['volume', 1e15],
  'mL/cm[H2O]': ['compliance', 1],
  'mL/mbar': ['compliance', 0.980665],
  'L/bar': ['compliance', 0.980665],
  pg: ['entity-mass', 1],
  '%': ['fraction', 0.01],
  '1': ['fraction', 1],
  'L/L': ['fraction', 1],
};

/** What devices write for a UCUM unit, after `normalised`. */
const spellings: Readonly<Record<string, string>> = {
  mmHg: 'mm[Hg]',
  cmH2O: 'cm[H2O]',
  bpm: '/min',
  '1/min': '/min',
  'beat/min': '/min',
  'beats/min': '/min',
  '{beat}/min': '/min',
  '{beats}/min': '/min',
  'breath/min': '/min',
  'breaths/min': '/min',
  '{breath}/min': '/min',
  '{breaths}/min': '/min',
  degC: 'Cel',
  '°C': 'Cel',
  degF: '[degF]',
  '°F': '[degF]',
  lb: '[lb_av]',
  'mEq/L': 'meq/L',
  'IU/L': 'U/L',
  '10E3/uL': '10*3/uL',
  '10^3/uL': '10*3/uL',
  '10E6/uL': '10*6/uL',
  '10^6/uL': '10*6/uL',
  '10E9/L': '10*9/L',
  '10^9/L': '10*9/L',
  '10E12/L': '10*12/L',
  '10^12/L': '10*12/L',
  fl: 'fL',
  // A cubic millimetre is a microlitre. Giga and tera a litre is what French analysers print.
  '10*3/mm3': '10*3/uL',
  '10^3/mm3': '10*3/uL',
  '10E3/mm3': '10*3/uL',
  '10*6/mm3': '10*6/uL',
  '10^6/mm3': '10*6/uL',
  '10E6/mm3': '10*6/uL',
  'K/uL': '10*3/uL',
  'M/uL': '10*6/uL',
  'x10*3/uL': '10*3/uL',
  'x10^3/uL': '10*3/uL',
  'x10*6/uL': '10*6/uL',
  'x10^6/uL': '10*6/uL',
  'x10*9/L': '10*9/L',
  'x10^9/L': '10*9/L',
  'x10*12/L': '10*12/L',
  'x10^12/L': '10*12/L',
  'Giga/L': '10*9/L',
  'Tera/L': '10*12/L',
  'g/100mL': 'g/dL',
  'gm/dL': 'g/dL',
  'um^3': 'um3',
};

const identity: Conversion = { factor: 1, offset: 0 };

/**
 * How a figure in `from` becomes one in `to` (UCUM); undefined when the two do not measure the same
 * thing. Mass and amount of substance convert only for a metric that names its molar mass, and
 * equivalents only for one that says it is monovalent.
 */
export function conversion(from: string, to: string, metric?: Metric): Conversion | undefined {
  if (from === to) return identity;
  const source = unitOf(from);
  const target = unitOf(to);
  if (!source || !target) return undefined;
  const bridge = bridgeOf(source[0], target[0], metric);
  if (bridge === undefined) return undefined;
  const factor = (source[1] * bridge) / target[1];
  const offset = ((source[2] ?? 0) * bridge - (target[2] ?? 0)) / target[1];
  return factor === 1 && offset === 0 ? identity : { factor, offset };
}

/** Applies a conversion and rounds what binary arithmetic added. */
export function apply({ factor, offset }: Conversion, value: number): number {
  if (factor === 1 && offset === 0) return value;
  return Number((value * factor + offset).toPrecision(significantDigits));
}

export function convert(
  value: number,
  from: string,
  to: string,
  metric?: Metric,
): number | 'wrong-unit' {
  const found = conversion(from, to, metric);
  return found ? apply(found, value) : 'wrong-unit';
}

function unitOf(text: string) {
  if (Object.hasOwn(units, text)) return units[text];
  if (text.length > unitLengthMax) return undefined;
  const plain = normalised(text);
  const ucum = Object.hasOwn(spellings, plain) ? (spellings[plain] ?? plain) : plain;
  return Object.hasOwn(units, ucum) ? units[ucum] : undefined;
}

/** One letter for micro, and the litre as most of us write it. */
function normalised(text: string): string {
  return text
    .trim()
    .replace(/[µμ]/g, 'u')
    .replace(/\/([dmu]?)l$/, '/$1L');
}

/** The factor between the first units of two kinds, or undefined when there is none. */
function bridgeOf(from: Kind, to: Kind, metric: Metric | undefined): number | undefined {
  if (from === to) return 1;
  const molarMass = metric?.molarMass;
  if (from === 'mass-concentration' && to === 'substance-concentration') {
    return molarMass === undefined ? undefined : 1 / molarMass;
  }
  if (from === 'substance-concentration' && to === 'mass-concentration') return molarMass;
  const isEquivalent =
    (from === 'equivalent-concentration' && to === 'substance-concentration') ||
    (from === 'substance-concentration' && to === 'equivalent-concentration');
  return isEquivalent && metric?.isMonovalent ? 1 : undefined;
}
