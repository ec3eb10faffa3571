import type { AbsentReason } from './absent-reason.ts';
import type { DeviceRecord, FieldValue } from './protocol.ts';

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

/** Fields of one record: `field(4)` is the fourth, `parts(4)` its components, `part(4)` the first. */
interface Fields {
  readonly field: (number: number) => string;
  readonly parts: (number: number) => readonly string[];
  readonly part: (number: number) => string;
}

export function startsMessage(content: string): boolean {
  return delimitersOf(content) !== undefined;
}

/** True where a record begins, and not the middle of one. */
export function startsRecord(content: string, message: LaboratoryMessage | undefined): boolean {
  const [, after] = content;
  return /^[HPORCMQSL]/.test(content) && after === message?.delimiters[0];
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
    ...defined('time', measured),
    // When it was measured, not when it was sent: that stands in the header.
    ...defined('isStored', measured === undefined ? undefined : true),
    ...defined('subject', order === undefined ? patient : order.subject),
    ...defined('performer', part(11) || undefined),
    ...defined('isTest', isTest || order?.isTest || undefined),
  };
  return { message: { ...message, counts: [patients, orders, number] }, record };
}

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
const beyondRange = /^([<>])=?\s*\d+(\.\d+)?$/;
/** What analysers print across the field when there is no figure. */
const filler = /^([-.*+?_])\1*$/;

function resultOf({ field, part }: Fields): FieldValue {
  const raw = field(4).trim();
  const state = part(9).toUpperCase();
  const reason = statesWithoutResult[state];
  if (reason) return { absent: reason };
  if (raw === '') return { absent: 'unknown' };
  if (filler.test(raw)) return { absent: raw.startsWith('.') ? 'unknown' : 'invalid' };
  // R-7 `<` and `>`: off the scale of the assay; the figure, if any, is the end of that scale.
  const side = beyondRange.exec(raw)?.[1] ?? /[<>]/.exec(field(7))?.[0];
  if (side) return { absent: side === '<' ? 'below-range' : 'above-range' };
  // R-7 `A` says nothing a figure could mean: some analysers use it for a technical problem.
  const isDoubted = !statesBeyondDoubt.has(state) || part(7) === 'A';
  // A result without a unit could be in any: '' converts to none.
  const unit = part(5);
  return isDoubted ? { value: raw, unit, quality: 'questionable' } : { value: raw, unit };
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

/** Four different marks after the `H`; the escape mark may be left out. */
function delimitersOf(line: string): string | undefined {
  if (line[0] !== 'H') return undefined;
  const field = line[1] ?? '';
  const marks = line.slice(1, line[4] === field ? 4 : 5);
  const areMarks = /^[!-/:-@[-`{-~]{3,4}$/.test(marks) && new Set(marks).size === marks.length;
  return areMarks ? marks : undefined;
}

function fieldsOf(line: string, delimiters: string): Fields {
  const texts = line.split(delimiters[0] ?? '');
  const field = (number: number) => texts[number - 1] ?? '';
  const parts = (number: number) =>
    field(number)
      .split(delimiters[2] ?? '')
      .map((text) => unescaped(text, delimiters).trim());
  return {
    field: (number) => unescaped(field(number), delimiters),
    parts,
    part: (number) => parts(number)[0] ?? '',
  };
}

/** LIS2-A2 6.4.2: `&F&` is the field delimiter itself; highlighting has no meaning here. */
function unescaped(text: string, [field, repeat, component, mark]: string): string {
  if (mark === undefined || !text.includes(mark)) return text;
  const meanings = new Map([
    ['F', field],
    ['R', repeat],
    ['S', component],
    ['E', mark],
    ['H', ''],
    ['N', ''],
  ]);
  const pieces = text.split(mark);
  let plain = pieces[0] ?? '';
  for (let index = 1; index < pieces.length; index += 1) {
    const meaning = index + 1 < pieces.length ? meanings.get(pieces[index] ?? '') : undefined;
    if (meaning === undefined) plain += `${mark}${pieces[index]}`;
    else {
      plain += `${meaning}${pieces[index + 1]}`;
      index += 1;
    }
  }
  return plain;
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
