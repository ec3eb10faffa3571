import type { AbsentReason } from '../absent-reason.ts';
import type { DeviceRecord, FieldValue } from '../protocol.ts';
import { delimitersOf, type Fields, fieldsOf } from './fields.ts';

/**
 * The records of laboratory analysers after ASTM E1394 (CLSI LIS2-A2), whatever link carries them.
 * Fields are called by their number in the standard: R-4 is the fourth field of a result record,
 * its type being the first.
 */

/** An identifier or a time that is kept until the results it belongs to arrive. */
const keptCharactersMax = 256;
const specimenCharactersMax = 16;

/** The most characters a `LaboratoryMessage` holds, as JSON before escaping. */
export const laboratoryMessageCharactersMax = 6 * keptCharactersMax;

/** What the records of one message so far say about the results to come. */
export interface LaboratoryMessage {
  /** Field, repeat, component and escape delimiter, as the header declares them (6.4.1). */
  readonly delimiters: string;
  readonly isTest: boolean;
  /** H-14: what the analyser's clock showed when it began to send. */
  readonly time: string | undefined;
  readonly patient: string | undefined;
  readonly order: LaboratoryOrder | undefined;
  /** The last sequence number: of a patient, of its orders, of the results of that order. */
  readonly counts: readonly [patient: number, order: number, result: number];
  /** Something may be missing: the sequence numbers must prove that no record is. */
  readonly hasGap: boolean;
  readonly isEnded: boolean;
}

interface LaboratoryOrder {
  readonly subject: string | undefined;
  readonly time: string | undefined;
  readonly isTest: boolean;
  /** Added to the code of each result; empty for serum, for plasma and where none is stated. */
  readonly suffix: string;
}

/** What one record led to: a result, a comment on the one before, or only more context. */
export interface LaboratoryReading {
  readonly message: LaboratoryMessage;
  readonly record?: DeviceRecord;
  readonly comment?: string;
}

/**
 * Reads one record without its CR. `unreadable` means it contradicts what came before, so that its
 * results could be somebody else's; `unknown` means the standard has no such type.
 */
export function readLaboratoryRecord(
  message: LaboratoryMessage | undefined,
  line: string,
): LaboratoryReading | 'unreadable' | 'unknown' {
  const [type] = line;
  if (type === 'H') return readHeader(line);
  if (message === undefined || message.isEnded) return 'unreadable';
  if (type === 'M' || type === 'Q' || type === 'S') return { message };
  if (type === 'L') return { message: { ...message, isEnded: true } };
  const read = type === undefined ? undefined : readers[type];
  if (!read) return 'unknown';
  if (line[1] !== message.delimiters[0]) return 'unreadable';
  return read(message, fieldsOf(line, message.delimiters));
}

type Read = (message: LaboratoryMessage, fields: Fields) => LaboratoryReading | 'unreadable';

const readers: Readonly<Record<string, Read | undefined>> = {
  __proto__: null as never,
  P: readPatient,
  O: readOrder,
  R: readResult,
  C: (message, { field }) => ({ message, comment: field(4) }),
};

function readHeader(line: string): LaboratoryReading | 'unreadable' {
  const delimiters = delimitersOf(line);
  if (delimiters === undefined) return 'unreadable';
  const { part } = fieldsOf(line, delimiters);
  const message: LaboratoryMessage = {
    delimiters,
    // H-12: production, or training, debugging, quality control.
    isTest: /^[TDQ]/.test(part(12)),
    time: timeOf(part(14)),
    patient: undefined,
    order: undefined,
    counts: [0, 0, 0],
    hasGap: false,
    isEnded: false,
  };
  return { message };
}

function readPatient(message: LaboratoryMessage, { part }: Fields): ReturnType<Read> {
  const [patients] = message.counts;
  const number = Number(part(2));
  if (message.hasGap && number !== patients + 1) return 'unreadable';
  // P-3 is the practice's identifier of the patient, P-4 the laboratory's.
  const patient = part(3) || part(4) || undefined;
  if (isTooLong(patient)) return 'unreadable';
  return { message: { ...message, patient, order: undefined, counts: [number, 0, 0] } };
}

function readOrder(message: LaboratoryMessage, { part }: Fields): ReturnType<Read> {
  const [patients, orders] = message.counts;
  const number = Number(part(2));
  if (message.hasGap && number !== orders + 1) return 'unreadable';
  // O-3 comes from the tube's barcode; what P-3 says was typed in at the analyser.
  const subject = part(3) || message.patient;
  if (isTooLong(subject)) return 'unreadable';
  const specimen = part(16).toUpperCase();
  const order: LaboratoryOrder = {
    subject,
    // Reported or last modified, else ordered.
    time: timeOf(part(23)) ?? timeOf(part(7)),
    // O-12: Q is a control specimen. Some write it as the specimen or its type.
    isTest: part(12) === 'Q' || [part(3), part(4), specimen].some(isControl),
    suffix: isControl(specimen) ? '' : suffixOf(specimen),
  };
  return { message: { ...message, order, counts: [patients, number, 0] } };
}

function readResult(message: LaboratoryMessage, fields: Fields): ReturnType<Read> {
  const { order, patient, hasGap, isTest, time } = message;
  const [patients, orders, results] = message.counts;
  const { part } = fields;
  const number = Number(part(2));
  if (hasGap && (order === undefined || number !== results + 1)) return 'unreadable';
  const name = `${codeOf(fields)}${order?.suffix ?? ''}`;
  const measured = timeOf(part(13)) ?? timeOf(part(12)) ?? order?.time ?? time;
  const record: DeviceRecord = {
    // A computed name is always a field of its own, even `__proto__`.
    fields: { [name]: resultOf(fields) },
    ...defined(
      'loinc',
      fields.parts(3).find((text) => loincForm.test(text)),
    ),
    ...defined('time', measured),
    // When it was measured, not when it was sent: that stands in the header.
    ...defined('isStored', measured === undefined ? undefined : true),
    ...defined('subject', order === undefined ? patient : order.subject),
    ...defined('performer', part(11) || undefined),
    ...defined('isTest', isTest || order?.isTest || undefined),
  };
  return { message: { ...message, counts: [patients, orders, number] }, record };
}

/** R-3: a LOINC number stands in front of the manufacturer's code, or behind it. */
const loincForm = /^\d{1,5}-\d$/;

/** R-3: the manufacturer's code is its fourth component; analysers put it elsewhere too. */
function codeOf({ parts }: Fields): string {
  const texts = parts(3);
  return texts[3] || (texts.find((text) => text !== '') ?? '');
}

/** Result states that carry no result yet, or never will (R-9). */
const statesWithoutResult: Readonly<Partial<Record<string, AbsentReason>>> = {
  X: 'not-measured',
  N: 'not-measured',
  I: 'not-ready',
};
/** Final, corrected, verified, sent before, asked for, or unstated. Any other leaves a doubt. */
const statesBeyondDoubt = new Set(['', 'F', 'C', 'V', 'R', 'Q']);
const beyondRange = /^([<>])=?\s*(?:\d+\.?\d*|\.\d+)(?:E[+-]?\d{1,3})?$/i;
/** Figures that hardly any other device prints: with a power of ten, `.5` and `5.`. */
const unusualFigure = /^[+-]?(?:\d{1,12}\.|\.\d{1,12}|\d{1,12}(?:\.\d{1,12})?E[+-]?\d{1,2})$/i;
/** Words for what is off the scale, without a figure. */
const wordsBeyondRange: Readonly<Partial<Record<string, AbsentReason>>> = {
  HIGH: 'above-range',
  HI: 'above-range',
  OVER: 'above-range',
  '>': 'above-range',
  LOW: 'below-range',
  LO: 'below-range',
  UNDER: 'below-range',
  '<': 'below-range',
};
/** What analysers print across the field when there is no figure. */
const filler = /^([-.*+?_])\1*$/;

function resultOf({ field, part, codes }: Fields): FieldValue {
  const raw = field(4).trim();
  const state = part(9).toUpperCase();
  const reason = statesWithoutResult[state];
  if (reason) return { absent: reason };
  if (raw === '') return { absent: 'unknown' };
  if (filler.test(raw)) return { absent: raw.startsWith('.') ? 'unknown' : 'invalid' };
  // R-7 `<` and `>`: off the scale of the assay; the figure, if any, is the end of that scale.
  const word = raw.toUpperCase();
  const beyond = Object.hasOwn(wordsBeyondRange, word) ? wordsBeyondRange[word] : undefined;
  if (beyond) return { absent: beyond };
  const side = beyondRange.exec(raw)?.[1] ?? /[<>]/.exec(field(7))?.[0];
  if (side) return { absent: side === '<' ? 'below-range' : 'above-range' };
  // R-7 `A` says nothing a figure could mean: some analysers use it for a technical problem.
  const isDoubted = !statesBeyondDoubt.has(state) || codes(7).includes('A');
  // A result without a unit could be in any: '' converts to none.
  const unit = part(5);
  const value = unusualFigure.test(raw) ? Number(raw) : raw;
  return isDoubted ? { value, unit, quality: 'questionable' } : { value, unit };
}

/** O-16. Codes of analytes hold for serum and plasma; another specimen is another measurement. */
function suffixOf(specimen: string): string {
  if (/^(|S|SER|SERUM|P|PL|PLAS|PLASMA|SER\/PL)$/.test(specimen)) return '';
  if (/^(B|BL|BLD|BLOOD|WB)$/.test(specimen)) return '^BLD';
  return `^${specimen.replace(/[^A-Z0-9]/g, '').slice(0, specimenCharactersMax)}`;
}

function isControl(text: string): boolean {
  return /^(CTRL|CONTROL|QC)$/i.test(text);
}

function isTooLong(text: string | undefined): boolean {
  return text !== undefined && text.length > keptCharactersMax;
}

/**
 * YYYYMMDD, then HHMM, then SS, then an offset, each optional after the one before (LIS2-A2 5.6.2).
 * ISO 8601, without an offset where the analyser states none; undefined when it is no date.
 */
function timeOf(text: string): string | undefined {
  const match = /^(\d{4})(\d\d)(\d\d)(?:(\d\d)(\d\d)(?:(\d\d)([+-]\d\d)?(\d\d)?)?)?$/.exec(text);
  if (!match) return undefined;
  const [, year, month, day, hour, minute, second, offsetHours, offsetMinutes] = match;
  const date = `${year}-${month}-${day}`;
  const instant = Date.parse(`${date}T${hour ?? '00'}:${minute ?? '00'}:${second ?? '00'}Z`);
  if (Number.isNaN(instant) || !new Date(instant).toISOString().startsWith(date)) return undefined;
  if (hour === undefined) return date;
  const offset = offsetHours && offsetMinutes ? `${offsetHours}:${offsetMinutes}` : '';
  return `${date}T${hour}:${minute}${second === undefined ? '' : `:${second}`}${offset}`;
}

/** A member only where there is a value: records stay as small as what the device said. */
function defined<Name extends string, Value>(
  name: Name,
  value: Value | undefined,
): { readonly [Key in Name]?: Value } {
  return value === undefined ? {} : ({ [name]: value } as { readonly [Key in Name]: Value });
}
