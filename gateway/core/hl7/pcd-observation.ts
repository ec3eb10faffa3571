import type { AbsentReason } from '../absent-reason.ts';
import { unitOfCode } from '../mdc-unit.ts';
import { type Metric, metrics } from '../metric.ts';
import type { FieldValue } from '../protocol.ts';
import type { Hl7Segment } from './message.ts';

/**
 * What one OBX of a patient care device says, after IHE PCD Technical Framework volume 2, appendix
 * B.8, and HL7 v2.6 chapter 7.
 */

/** What devices print. `Number` alone would read an empty field as 0. */
const decimal = /^[+-]?\d+(?:\.\d*)?(?:[eE][+-]?\d{1,3})?$|^[+-]?\.\d+$/;
const decimalLengthMax = 24;
/** A text that is no figure is named as such and withheld; so much is enough to see which. */
const textLengthMax = 64;

/** 11073-20101 FLOAT: these mantissas are no numbers, though some monitors print them as such. */
const notNumbers: ReadonlyMap<number, AbsentReason> = new Map([
  [8_388_607, 'not-a-number'],
  [-8_388_608, 'invalid'],
  [8_388_606, 'above-range'],
  [-8_388_606, 'below-range'],
]);

/** OBX-11 (HL7 table 0085). Whatever stands beside one of these is no result. */
const statesWithoutResult: Readonly<Partial<Record<string, AbsentReason>>> = {
  X: 'not-measured',
  N: 'not-measured',
  O: 'not-measured',
  I: 'not-ready',
  // Deleted, or of the wrong patient.
  D: 'invalid',
  W: 'invalid',
};
/** Final, corrected, entered and not verified (what every monitor sends), or unstated. */
const statesBeyondDoubt = new Set(['', 'F', 'C', 'R', 'U', 'A', 'B', 'V']);

/** OBX-8 (IHE PCD TF-2 B.8.5.2, MeasurementStatus; HL7 table 0078): no value, and why. */
const flagsWithoutValue: Readonly<Partial<Record<string, AbsentReason>>> = {
  INV: 'invalid',
  NAV: 'not-measured',
  CAL: 'calibrating',
  '<': 'below-range',
  '>': 'above-range',
};
/** Questionable, early, measurement going on. */
const doubtfulFlags = new Set(['QUES', 'EARLY', 'BUSY', 'ONGOING']);
const testFlags = new Set(['DEMO', 'TEST']);

/** The partition of IEEE 11073-10101 that device containers are terms of. */
const objectPartition = 1;
const partitionTerms = 0x1_0000;

const metricOfCode: ReadonlyMap<number, string> = new Map(
  Object.entries(metrics as Readonly<Record<string, Metric>>).flatMap(([id, { code }]) =>
    code === undefined ? [] : [[code, id] as const],
  ),
);

/** A name that cannot be trusted: code and reference id mean two different metrics. */
const contradiction = '!';

/**
 * The field's name: the bare code of ISO/IEEE 11073-10101, or `code^system` of any other system
 * (HL7 table 0396). Empty when there is none.
 */
export function fieldOf(obx: Hl7Segment): string {
  const [code, name, system] = [1, 2, 3].map((part) => obx.part(3, part)) as [
    string,
    string,
    string,
  ];
  if (code === '') return '';
  if (!isNomenclature(code, name, system)) return system === '' ? code : `${code}^${system}`;
  const own = metricOfCode.get(Number(code));
  const contradicts = own !== undefined && name !== own && Object.hasOwn(metrics, name);
  return contradicts ? `${code}${contradiction}${name}` : code;
}

function isNomenclature(code: string, name: string, system: string): boolean {
  if (!/^\d{1,9}$/.test(code)) return false;
  return system === 'MDC' || (system === '' && name.startsWith('MDC_'));
}

export function isTestValue(obx: Hl7Segment): boolean {
  return obx.codes(8).some((flag) => testFlags.has(flag.toUpperCase()));
}

/** Undefined for a row that names a part of the device and measures nothing. */
export function observedValue(obx: Hl7Segment): FieldValue | undefined {
  const kind = obx.part(2, 1).toUpperCase();
  const isNumeric = kind === 'NM' || kind === 'SN';
  const raw = obx.field(5).trim();
  if (!isNumeric && raw === '') {
    // A monitor with nothing to say of a known measurement may leave out the type as well.
    const isKnown = kind === '' && metricOfCode.has(Number(fieldOf(obx)));
    return isKnown ? { absent: absentOf(obx) ?? 'unknown' } : undefined;
  }
  if (isContainer(obx)) return undefined;
  const absent = absentOf(obx);
  if (absent !== undefined) return { absent };
  if (!isNumeric) return raw.slice(0, textLengthMax);
  return kind === 'SN' ? structuredNumeric(obx) : numericOf(raw, obx);
}

function isContainer(obx: Hl7Segment): boolean {
  const code = obx.part(3, 1);
  return /^\d{1,9}$/.test(code) && Math.floor(Number(code) / partitionTerms) === objectPartition;
}

function absentOf(obx: Hl7Segment): AbsentReason | undefined {
  for (const flag of obx.codes(8)) {
    const key = flag.toUpperCase();
    if (Object.hasOwn(flagsWithoutValue, key)) return flagsWithoutValue[key];
  }
  const state = obx.part(11, 1).toUpperCase();
  return Object.hasOwn(statesWithoutResult, state) ? statesWithoutResult[state] : undefined;
}

/** `>^300` is beyond the scale; `^98` a figure; a range or a ratio is neither. */
function structuredNumeric(obx: Hl7Segment): FieldValue {
  const [side, figure] = [obx.part(5, 1), obx.part(5, 2)];
  if (side.startsWith('<')) return { absent: 'below-range' };
  if (side.startsWith('>')) return { absent: 'above-range' };
  const isPlain = (side === '' || side === '=') && obx.part(5, 3) === '';
  return isPlain ? numericOf(figure, obx) : obx.field(5).slice(0, textLengthMax);
}

function numericOf(text: string, obx: Hl7Segment): FieldValue {
  if (text === '' || text === '""') return { absent: 'unknown' };
  if (/^(?:[-*?+.]+|NaN)$/i.test(text)) return { absent: 'not-a-number' };
  if (!decimal.test(text) || text.length > decimalLengthMax) return text.slice(0, textLengthMax);
  const value = Number(text);
  const reason = notNumbers.get(value);
  if (reason !== undefined) return { absent: reason };
  const flags = obx.codes(8).map((flag) => flag.toUpperCase());
  const isDoubted =
    flags.some((flag) => doubtfulFlags.has(flag)) ||
    !statesBeyondDoubt.has(obx.part(11, 1).toUpperCase());
  const unit = unitOf(obx);
  return isDoubted ? { value, unit, quality: 'questionable' } : { value, unit };
}

/** UCUM where the device states it; empty, which converts to nothing, where it states no unit. */
function unitOf(obx: Hl7Segment): string {
  for (const first of [1, 4]) {
    const [code, system] = [obx.part(6, first), obx.part(6, first + 2)];
    if (system === 'UCUM') return code;
    const ucum = /^\d{1,9}$/.test(code) ? unitOfCode(Number(code)) : undefined;
    if (ucum !== undefined) return ucum;
  }
  return obx.part(6, 1);
}
