import type { AlertEventId, AlertPriority } from '../alert.ts';
import { localTime } from '../device-time.ts';
import type { AlertRecord, DeviceRecord, FieldValue } from '../protocol.ts';
import {
  medibusAlarms1,
  medibusAlarms2,
  medibusMeasured1,
  medibusMeasured2,
  medibusSettings,
  medibusTexts,
} from './codes.ts';

const ETX = 0x03;
const NAK = 0x15;

/** An alarm that the device holds active. */
export interface MedibusAlarm {
  readonly code: number;
  readonly priority: AlertPriority;
}

/** What the answers of a device say about it, beyond their values. */
export interface MedibusDevice {
  /** By code page. */
  readonly alarms: readonly (readonly MedibusAlarm[])[];
  /** The device says that it tests itself: what it measures is no patient's. */
  readonly isTest: boolean;
  /** Communication was initialised, by either side. */
  readonly isOpen: boolean;
  /** Something came that answers what was asked last. */
  readonly isAnswered: boolean;
}

export interface MedibusReading {
  readonly state?: Partial<MedibusDevice>;
  readonly record?: DeviceRecord | undefined;
}

const answered: Partial<MedibusDevice> = { isOpen: true, isAnswered: true };

/**
 * What the device answered to the command `code`. Undefined where the answer is not of its form:
 * then none of it counts.
 */
export function readMedibusResponse(
  code: number,
  data: string,
  state: MedibusDevice,
): MedibusReading | undefined {
  switch (code) {
    case 0x24:
      return readMeasured(data, medibusMeasured1, 'CP1', state);
    case 0x2b:
      return readMeasured(data, medibusMeasured2, 'CP2', state);
    case 0x29:
      return readSettings(data, state);
    case 0x27:
      return readAlarms(data, 0, medibusAlarms1, state);
    case 0x2e:
      return readAlarms(data, 1, medibusAlarms2, state);
    case 0x2a:
      return readTexts(data);
    case 0x28:
      return readTime(data);
    case NAK:
      // The device did not understand: it is asked again in its turn.
      return { state: { isAnswered: true } };
    default:
      return { state: answered };
  }
}

const measuredLength = 6;
const settingLength = 7;

/** Two digits of the code, then four characters. */
function readMeasured(
  data: string,
  names: ReadonlyMap<number, string>,
  page: 'CP1' | 'CP2',
  { isTest }: MedibusDevice,
): MedibusReading | undefined {
  const fields = readFields(data, measuredLength, (code) => {
    const name = names.get(code);
    if (name === undefined) return `${page}.${medibusHexByte(code)}`;
    return page === 'CP1' ? name : `${page}.${name}`;
  });
  return fields && { state: answered, record: recordOf(fields, isTest) };
}

/** Two digits of the code, then five characters. */
function readSettings(data: string, { isTest }: MedibusDevice): MedibusReading | undefined {
  const fields = readFields(
    data,
    settingLength,
    (code) => `SET.${medibusSettings.get(code) ?? medibusHexByte(code)}`,
  );
  return fields && { state: answered, record: recordOf(fields, isTest) };
}

/** A device that has nothing to tell answers with no fields. */
function recordOf(
  fields: Readonly<Record<string, FieldValue>>,
  isTest: boolean,
): DeviceRecord | undefined {
  if (Object.keys(fields).length === 0) return undefined;
  return isTest ? { fields, isTest } : { fields };
}

function readFields(
  data: string,
  length: number,
  nameOf: (code: number) => string,
): Record<string, FieldValue> | undefined {
  if (data.length % length !== 0) return undefined;
  const fields: Record<string, FieldValue> = {};
  for (let offset = 0; offset < data.length; offset += length) {
    const code = codeAt(data, offset);
    if (code === undefined) return undefined;
    fields[nameOf(code)] = readFigure(data.slice(offset + 2, offset + length));
  }
  return fields;
}

function codeAt(data: string, offset: number): number | undefined {
  const digits = data.slice(offset, offset + 2);
  return /^[0-9A-F]{2}$/.test(digits) ? Number.parseInt(digits, 16) : undefined;
}

/** Blanks are no value; a sign may stand apart from its figure. */
function readFigure(text: string): FieldValue {
  const figure = text.trim().replace(/^([+-]) +/, '$1');
  if (figure === '') return { absent: 'not-measured' };
  return /^[+-]?(\d+\.?\d*|\.\d+)$/.test(figure) ? Number(figure) : { absent: 'invalid' };
}

const alarmLength = 15;
const priorityZero = 0x30;
const priorityMax = 31;

/** Priority, two digits of the code, twelve characters of text, for each alarm that is active. */
function readAlarms(
  data: string,
  page: 0 | 1,
  names: ReadonlyMap<number, string>,
  state: MedibusDevice,
): MedibusReading | undefined {
  if (data.length % alarmLength !== 0) return undefined;
  const now: MedibusAlarm[] = [];
  const phrases: string[] = [];
  for (let offset = 0; offset < data.length; offset += alarmLength) {
    const code = codeAt(data, offset + 1);
    const priority = data.charCodeAt(offset) - priorityZero;
    if (code === undefined || priority < 1 || priority > priorityMax) return undefined;
    if (now.some((alarm) => alarm.code === code)) continue;
    now.push({ code, priority: priorityOf(priority) });
    phrases.push(data.slice(offset + 3, offset + alarmLength).trim());
  }
  const alerts = changes(state.alarms[page] ?? [], now, names);
  const alarms = state.alarms.map((before, index) => (index === page ? now : before));
  if (alerts.length === 0) return { state: { ...answered, alarms } };
  const note = phrases.filter((phrase) => phrase !== '').join('; ') || undefined;
  return { state: { ...answered, alarms }, record: { fields: {}, alerts, note } };
}

/** 1 to 10 advise, 11 to 24 caution, 25 to 31 warn. */
function priorityOf(priority: number): AlertPriority {
  if (priority <= 10) return 'low';
  return priority <= 24 ? 'medium' : 'high';
}

function changes(
  before: readonly MedibusAlarm[],
  now: readonly MedibusAlarm[],
  names: ReadonlyMap<number, string>,
): readonly AlertRecord[] {
  const alerts: AlertRecord[] = [];
  const add = ({ code, priority }: MedibusAlarm, phase: AlertRecord['phase']) => {
    const name = names.get(code) ?? '';
    alerts.push({ event: eventOf(name), field: alarmFields[name], phase, priority });
  };
  for (const alarm of now) {
    const earlier = before.find(({ code }) => code === alarm.code);
    if (!earlier) add(alarm, 'start');
    else if (earlier.priority !== alarm.priority) add(alarm, 'continue');
  }
  for (const alarm of before) if (!now.some(({ code }) => code === alarm.code)) add(alarm, 'end');
  return alerts;
}

/** What an alarm is about, by the name that its value has among the measured data. */
const alarmFields: Readonly<Record<string, string>> = {
  SpO2PulseBelowLowLimit: 'PulseRateOximeter',
  SpO2PulseExceedsHighLimit: 'PulseRateOximeter',
  O2SatBelowLowLimit: 'OxygenSaturation',
  O2SatExceedsHighLimit: 'OxygenSaturation',
  InpiredOxygenBelowLowLimit: 'InspO2',
  InspiredOxygenBelowLowLimit: 'InspO2',
  InpiredOxygenExceedsHighLimit: 'InspO2',
  PercentOxygenExceedsHighLimit: 'InspO2',
  AirwayPressureExceedsHighLimit: 'PeakBreathingPressure',
  MinuteVolumeBelowLowLimit: 'RespiratoryMinuteVolumeFrac',
  MinuteVolumeExceedsHighLimit: 'RespiratoryMinuteVolumeFrac',
  EndTidalCO2BelowLowLimit: 'EndTidalCO2mmHg',
  EndTidalCO2ExceedsHighLimit: 'EndTidalCO2mmHg',
  RespiratoryRateExceedsHighLimit: 'RespiratoryRate',
  AirwayTemperatureExceedsHighLimit: 'AirwayTemperature',
};

function eventOf(name: string): AlertEventId {
  if (name.endsWith('BelowLowLimit')) return 'MDC_EVT_LO_VAL_LT_LIM';
  return name.endsWith('ExceedsHighLimit') ? 'MDC_EVT_HI_VAL_GT_LIM' : 'MDC_EVT_ALARM';
}

const textLengthMax = 32;

/** Two digits of the code, the length as a character from `0` on, the text, ETX. */
function readTexts(data: string): MedibusReading | undefined {
  let isTest = false;
  for (let offset = 0; offset < data.length; ) {
    const code = codeAt(data, offset);
    const length = data.charCodeAt(offset + 2) - priorityZero;
    const end = offset + 3 + length;
    const isWhole = length >= 0 && length <= textLengthMax && data.charCodeAt(end) === ETX;
    if (code === undefined || !isWhole) return undefined;
    isTest ||= medibusTexts.get(code) === 'PerformingLeakageTest';
    offset = end + 1;
  }
  return { state: { ...answered, isTest } };
}

/** German and, on some devices, English. */
const months: readonly (readonly string[])[] = [
  ['JAN'],
  ['FEB'],
  ['MRZ', 'MAR'],
  ['APR'],
  ['MAI', 'MAY'],
  ['JUN'],
  ['JUL'],
  ['AUG'],
  ['SEP'],
  ['OKT', 'OCT'],
  ['NOV'],
  ['DEZ', 'DEC'],
];
const century = 2_000;

/** `HH:MM:SS` and `DD-MMM-YY`, with blanks in place of leading zeros. */
function readTime(data: string): MedibusReading | undefined {
  const match = /^([ \d]\d):([ \d]\d):([ \d]\d) ?([ \d]\d)-([A-Za-z]{3})-([ \d]\d)$/.exec(data);
  if (!match) return undefined;
  const [, hour, minute, second, day, name = '', year] = match;
  const month = months.findIndex((names) => names.includes(name.toUpperCase())) + 1;
  const time = localTime(
    century + Number(year),
    month,
    Number(day),
    Number(hour),
    Number(minute),
    Number(second),
  );
  return time === undefined
    ? { state: answered }
    : { state: answered, record: { fields: {}, time } };
}

/** Two upper-case hexadecimal digits. */
export function medibusHexByte(value: number): string {
  return value.toString(16).toUpperCase().padStart(2, '0');
}
