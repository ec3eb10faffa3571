import type { AbsentReason } from '../absent-reason.ts';
import type { FieldValue } from '../protocol.ts';
import { readerOf } from './bytes.ts';
import type { Attributes } from './message.ts';
import { readList } from './message.ts';
import { intellivueField, intellivueUnit } from './nomenclature.ts';

/** What one measurement of an object is, and whether it is of no patient. */
export interface Reading {
  readonly field: string;
  readonly value: FieldValue;
  /** Test or demonstration data. */
  readonly isTest: boolean;
}

/** MeasurementState (Programming Guide, chapter 6). A measurement is valid if the high byte is 0. */
const invalid = 0x8000;
const questionable = 0x4000;
const unavailable = 0x2000;
const calibrating = 0x1000;
const testOrDemo = 0x0c00;
const ongoing = 0x0020;

const numericObserved = 0x0950;
const compoundNumericObserved = 0x094b;

/** 11073 FLOAT: an exponent byte and a 24-bit mantissa, five of which are no numbers. */
const mantissaReasons: Readonly<Record<number, AbsentReason>> = {
  8388607: 'not-a-number',
  8388608: 'invalid',
  8388609: 'invalid',
  8388606: 'above-range',
  8388610: 'below-range',
};

/** A number, or why the four bytes are none. */
function readFloat(bits: number): number | AbsentReason {
  const mantissa = bits & 0xffffff;
  const reason = mantissaReasons[mantissa];
  if (reason !== undefined) return reason;
  const exponent = (bits >> 24) | 0;
  const signed = mantissa >= 0x800000 ? mantissa - 0x1000000 : mantissa;
  // Through the decimal text: 369 with exponent -1 is 36.9 and not 36.900000000000006.
  return Number(`${signed}e${exponent}`);
}

/** Why a state lets no value pass; undefined when it does. */
function absentBy(state: number): AbsentReason | undefined {
  if ((state & calibrating) !== 0) return 'calibrating';
  if ((state & unavailable) !== 0) return 'not-measured';
  return (state & invalid) !== 0 ? 'invalid' : undefined;
}

/**
 * The numerics of one object, single or compound. Undefined when the attributes are not what they
 * should be.
 */
export function readNumerics(attributes: Attributes): readonly Reading[] | undefined {
  const single = attributes.get(numericObserved);
  const compound = attributes.get(compoundNumericObserved);
  const readings: Reading[] = [];
  if (single) {
    const reading = readNumeric(single);
    if (!reading) return undefined;
    readings.push(reading);
  }
  if (compound) {
    const list = readerOf(compound);
    const entries = readList(list, (entry) => readNumeric(entry.take(numericBytes)));
    if (!entries || !list.isAtEnd) return undefined;
    readings.push(...entries);
  }
  return readings;
}

const numericBytes = 10;

function readNumeric(bytes: Uint8Array): Reading | undefined {
  if (bytes.length !== numericBytes) return undefined;
  const reader = readerOf(bytes);
  const field = intellivueField(reader.u16());
  const state = reader.u16();
  const unit = intellivueUnit(reader.u16());
  const number = readFloat(reader.u32());
  const isTest = (state & testOrDemo) !== 0;
  const reason = absentBy(state);
  if (reason !== undefined) return { field, value: { absent: reason }, isTest };
  if (typeof number === 'string') {
    // The cuff is still on its way: there is no number yet.
    const isWaiting = number === 'not-a-number' && (state & ongoing) !== 0;
    return { field, value: { absent: isWaiting ? 'not-ready' : number }, isTest };
  }
  const quality = (state & questionable) !== 0 ? 'questionable' : 'good';
  return { field, value: { value: number, unit, quality }, isTest };
}

const sampleObserved = 0x096e;
const compoundSampleObserved = 0x0967;
const sampleSpecification = 0x096d;
const scaleSpecification = 0x096f;
const fixedValueSpecification = 0x0a16;
const samplePeriod = 0x098d;
const unitCode = 0x0996;

const ticksPerMs = 8;
const invalidMaskId = 1;

/** The lowest and the highest step, and what they stand for; or the steps of a converter alone. */
type WaveScale = readonly [fromStep: number, toStep: number, from: number, to: number] | 'steps';

/** How the samples of one wave are to be read. The monitor says it now and then, not each time. */
export interface WaveSpecification {
  readonly sampleBits: number;
  readonly significantBits: number;
  readonly periodTicks: number;
  readonly unit: string;
  /** A sample with these bits set is invalid; 0 when the monitor names no such bits. */
  readonly invalidMask: number;
  readonly scale: WaveScale;
}

const waveAttributes = [
  sampleSpecification,
  scaleSpecification,
  fixedValueSpecification,
  samplePeriod,
  unitCode,
];

/**
 * What is known of a wave after these attributes, each of which replaces what was known of its
 * kind. Undefined while anything is missing, or when one is not what it should be.
 */
export function readWaveSpecification(
  attributes: Attributes,
  known: WaveSpecification | undefined,
): WaveSpecification | undefined {
  if (!waveAttributes.some((id) => attributes.has(id))) return known;
  const specification = attributes.get(sampleSpecification);
  const period = attributes.get(samplePeriod);
  const scaling = attributes.get(scaleSpecification);
  const unit = attributes.get(unitCode);
  const fixed = attributes.get(fixedValueSpecification);
  const sampling = specification ? readSampling(specification) : known;
  const periodTicks = period ? unsignedOf(period, 4) : known?.periodTicks;
  const scale = scaling ? readScale(scaling) : known?.scale;
  if (!sampling || !periodTicks || scale === undefined) return undefined;
  const stated = {
    sampleBits: sampling.sampleBits,
    significantBits: sampling.significantBits,
    periodTicks,
    unit: unit ? intellivueUnit(unsignedOf(unit, 2)) : (known?.unit ?? '1'),
    invalidMask: fixed ? readInvalidMask(fixed) : (known?.invalidMask ?? 0),
    scale,
  };
  // Said again with most blocks: the same object, so that nothing is stored anew.
  return known && isSame(stated, known) ? known : stated;
}

function isSame(one: WaveSpecification, other: WaveSpecification): boolean {
  return (
    one.sampleBits === other.sampleBits &&
    one.significantBits === other.significantBits &&
    one.periodTicks === other.periodTicks &&
    one.unit === other.unit &&
    one.invalidMask === other.invalidMask &&
    String(one.scale) === String(other.scale)
  );
}

/** 0, which stands for no period and no unit, when the value is not as wide as it should be. */
function unsignedOf(bytes: Uint8Array, width: 2 | 4): number {
  if (bytes.length !== width) return 0;
  const reader = readerOf(bytes);
  return width === 2 ? reader.u16() : reader.u32();
}

function readSampling(bytes: Uint8Array) {
  if (bytes.length !== 6) return undefined;
  const reader = readerOf(bytes);
  reader.u16();
  const sampleBits = reader.u8();
  const significantBits = reader.u8();
  const isReadable = sampleBits === 8 || sampleBits === 16;
  if (!isReadable || significantBits < 1 || significantBits > sampleBits) return undefined;
  return { sampleBits, significantBits };
}

function readInvalidMask(bytes: Uint8Array): number {
  const entries = readList(readerOf(bytes), (entry) => [entry.u16(), entry.u16()] as const);
  return entries?.find(([id]) => id === invalidMaskId)?.[1] ?? 0;
}

function readScale(bytes: Uint8Array): WaveScale | undefined {
  if (bytes.length !== 12) return undefined;
  const reader = readerOf(bytes);
  const from = readFloat(reader.u32());
  const to = readFloat(reader.u32());
  const fromStep = reader.u16();
  const toStep = reader.u16();
  // A wave without an absolute value (the pleth) has no number here.
  if (typeof from === 'string' || typeof to === 'string') return 'steps';
  return fromStep === toStep || from === to ? undefined : [fromStep, toStep, from, to];
}

/**
 * The blocks of samples of one object: one, or one for each ECG lead. Without a specification
 * their samples mean nothing. Undefined when the attributes are not what they should be.
 */
export function readWaves(
  attributes: Attributes,
  specification: WaveSpecification | undefined,
): readonly Reading[] | undefined {
  const readings: Reading[] = [];
  const single = attributes.get(sampleObserved);
  if (single) {
    const reader = readerOf(single);
    const reading = readBlock(reader, specification);
    if (!reading || !reader.isAtEnd) return undefined;
    readings.push(reading);
  }
  const compound = attributes.get(compoundSampleObserved);
  if (compound) {
    const list = readerOf(compound);
    const entries = readList(list, (entry) => readBlock(entry, specification));
    if (!entries || !list.isAtEnd) return undefined;
    readings.push(...entries);
  }
  return readings;
}

function readBlock(
  reader: ReturnType<typeof readerOf>,
  specification: WaveSpecification | undefined,
): Reading | undefined {
  const field = intellivueField(reader.u16());
  const state = reader.u16();
  const bytes = reader.take(reader.u16());
  if (reader.isShort) return undefined;
  const isTest = (state & testOrDemo) !== 0;
  const reason = absentBy(state);
  if (reason !== undefined) return { field, value: { absent: reason }, isTest };
  const value = specification && readSamples(bytes, specification);
  return { field, value: value ?? { absent: specification ? 'invalid' : 'unknown' }, isTest };
}

/** Undefined when a sample is marked invalid: a row of evenly spaced numbers has no gaps. */
function readSamples(bytes: Uint8Array, wave: WaveSpecification): FieldValue | undefined {
  const width = wave.sampleBits / 8;
  if (bytes.length === 0 || bytes.length % width !== 0) return undefined;
  const significant = 2 ** wave.significantBits - 1;
  const toValue = scalingOf(wave.scale);
  const samples: number[] = [];
  for (let offset = 0; offset < bytes.length; offset += width) {
    const [first = 0, second = 0] = [bytes[offset], bytes[offset + 1]];
    const word = width === 1 ? first : first * 256 + second;
    if (wave.invalidMask !== 0 && (word & wave.invalidMask) === wave.invalidMask) return undefined;
    // The bits above carry pacer, defibrillator and QRS marks.
    samples.push(toValue(word & significant));
  }
  return { samples, periodMs: wave.periodTicks / ticksPerMs, unit: wave.unit };
}

/** Decimal places beyond those of one step: what the division adds behind them is not measured. */
const guardDigits = 3;
const decimalsMax = 12;

function scalingOf(scale: WaveScale): (step: number) => number {
  if (scale === 'steps') return (step) => step;
  const [fromStep, toStep, from, to] = scale;
  const perStep = (to - from) / (toStep - fromStep);
  const decimals = Math.ceil(-Math.log10(Math.abs(perStep))) + guardDigits;
  const factor = 10 ** Math.min(Math.max(decimals, 0), decimalsMax);
  // Adding 0 turns a negative zero into zero.
  return (step) => Math.round((from + (step - fromStep) * perStep) * factor) / factor + 0;
}
