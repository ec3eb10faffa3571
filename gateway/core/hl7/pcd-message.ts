import type { AlertRecord, DeviceRecord, FieldValue } from '../protocol.ts';
import type { Hl7Message, Hl7Segment } from './message.ts';
import { readAlert } from './pcd-alert.ts';
import { fieldOf, isTestValue, observedValue } from './pcd-observation.ts';
import { hl7Time } from './time.ts';

/** Segments of an ORU and those of other messages that some senders add (HL7 v2.6 chapter 7). */
const knownSegments = new Set(
  (
    'MSH SFT UAC PID PD1 NK1 NTE PV1 PV2 ORC OBR OBX TQ1 TQ2 CTD FT1 CTI SPM DSC EVN PRT AL1 GT1 ' +
    'IN1 IN2 DG1 ROL ACC DB1 IAM PR1 MSA ERR QRD QRF QPD RCP BLG'
  ).split(' '),
);

/** A gateway for a whole ward sends some thousand rows at once; a hundred thousand are an attack. */
const rowsMax = 4_096;

/** What rows share that stand in one record: a record has one time, and is a test or is none. */
interface Sheet {
  readonly time: string | undefined;
  readonly isTest: boolean;
  readonly subject: string | undefined;
  readonly fields: Map<string, FieldValue>;
  readonly alerts: AlertRecord[];
}

/** Where in the message a row stands. */
interface Place {
  readonly subject: string | undefined;
  /** OBR-7, or else MSH-7. */
  readonly time: string | undefined;
}

/** One OBR with its rows. */
interface Order {
  readonly place: Place;
  readonly rows: readonly Hl7Segment[];
}

interface PcdReading {
  readonly records: readonly DeviceRecord[];
  readonly discardedBytes: number;
  /** MSH-7: what the sender's clock showed when it sent. */
  readonly clockTime: string | undefined;
}

/**
 * ORU^R01 and ORU^R40 of a patient care device (IHE PCD-01, PCD-04): one record for all rows of one
 * time. Fields are called by the bare code of ISO/IEEE 11073-10101. Undefined without any OBX, and
 * with more of them than anybody sends.
 */
export function readPcdMessage(message: Hl7Message): PcdReading | undefined {
  const orders = ordersOf(message);
  const rowCount = orders.reduce((sum, { rows }) => sum + rows.length, 0);
  if (rowCount === 0 || rowCount > rowsMax) return undefined;
  const isTest = message.header.part(11, 1) !== '' && message.header.part(11, 1) !== 'P';
  const sheets: Sheet[] = [];
  for (const { place, rows } of orders) {
    let values = rows;
    if (message.trigger === 'R40') {
      const { alert, values: rest } = readAlert(rows);
      values = rest;
      const at = firstTime(rows) ?? place.time;
      if (alert) sheetFor(sheets, at, isTest || rows.some(isTestValue), place).alerts.push(alert);
    }
    readValues(sheets, values, place, isTest);
  }
  const unknown = message.segments.filter(
    ({ name }) => !knownSegments.has(name) && !/^Z[A-Z0-9]{2}$/.test(name),
  );
  return {
    clockTime: hl7Time(message.header.part(7, 1)),
    records: sheets.map((sheet) => recordOf(sheet, message)),
    discardedBytes: unknown.reduce((sum, { text }) => sum + Buffer.byteLength(text) + 1, 0),
  };
}

function ordersOf({ segments, header }: Hl7Message): readonly Order[] {
  const sent = hl7Time(header.part(7, 1));
  const orders: { place: Place; rows: Hl7Segment[] }[] = [];
  let subject: string | undefined;
  let isOpen = false;
  for (const segment of segments) {
    if (segment.name === 'PID') {
      subject = segment.codes(3).find((id) => id !== '');
      isOpen = false;
    } else if (segment.name === 'OBR') {
      orders.push({ place: { subject, time: hl7Time(segment.part(7, 1)) ?? sent }, rows: [] });
      isOpen = true;
    } else if (segment.name === 'OBX') {
      if (!isOpen) orders.push({ place: { subject, time: sent }, rows: [] });
      isOpen = true;
      orders.at(-1)?.rows.push(segment);
    }
  }
  return orders;
}

function readValues(
  sheets: Sheet[],
  rows: readonly Hl7Segment[],
  place: Place,
  isTest: boolean,
): void {
  // OBX-14 holds for all rows below in the containment tree (PCD TF-2 B.8).
  const times = new Map<string, string>();
  for (const row of rows) {
    const path = pathOf(row);
    const own = hl7Time(row.part(14, 1));
    if (own !== undefined && path !== '') times.set(path, own);
    const name = fieldOf(row);
    const value = name === '' ? undefined : observedValue(row);
    if (value === undefined) continue;
    const at = own ?? inherited(times, path) ?? place.time;
    // The same measurement twice, of two channels: each needs a record of its own.
    sheetFor(sheets, at, isTest || isTestValue(row), place, name).fields.set(name, value);
  }
}

/** OBX-4 without the zeros that fill it up to the level of a metric: `1.5.0.0` is `1.5`. */
function pathOf(row: Hl7Segment): string {
  return row.part(4, 1).replace(/(?:\.0)+$/, '');
}

function inherited(times: ReadonlyMap<string, string>, path: string): string | undefined {
  let rest = path;
  while (rest.includes('.')) {
    rest = rest.slice(0, rest.lastIndexOf('.'));
    const time = times.get(rest.replace(/(?:\.0)+$/, ''));
    if (time !== undefined) return time;
  }
  return undefined;
}

function firstTime(rows: readonly Hl7Segment[]): string | undefined {
  for (const row of rows) {
    const time = hl7Time(row.part(14, 1));
    if (time !== undefined) return time;
  }
  return undefined;
}

function sheetFor(
  sheets: Sheet[],
  time: string | undefined,
  isTest: boolean,
  { subject }: Place,
  name?: string,
): Sheet {
  const found = sheets.find(
    (sheet) =>
      sheet.time === time &&
      sheet.isTest === isTest &&
      sheet.subject === subject &&
      !(name !== undefined && sheet.fields.has(name)),
  );
  if (found) return found;
  const made: Sheet = { time, isTest, subject, fields: new Map(), alerts: [] };
  sheets.push(made);
  return made;
}

function recordOf(
  { time, isTest, subject, fields, alerts }: Sheet,
  { header, controlId, segments }: Hl7Message,
): DeviceRecord {
  const serialNumber = serialOf(header, segments);
  return {
    // A computed name is always a field of its own, even `__proto__`.
    fields: Object.fromEntries(fields),
    ...(alerts.length > 0 ? { alerts } : {}),
    messageId: controlId,
    ...(time === undefined ? {} : { time }),
    ...(serialNumber === undefined ? {} : { serialNumber }),
    ...(subject === undefined ? {} : { subject }),
    ...(isTest ? { isTest } : {}),
  };
}

/** The EUI-64 of the sender (MSH-3), or the first instrument a row names (OBX-18). */
function serialOf(header: Hl7Segment, segments: readonly Hl7Segment[]): string | undefined {
  const eui = [2, 1].map((part) => header.part(3, part)).find((id) => /^[0-9A-F]{16}$/i.test(id));
  if (eui !== undefined) return eui;
  const row = segments.find(({ name, part }) => name === 'OBX' && part(18, 1) !== '');
  return row?.part(18, 1);
}
