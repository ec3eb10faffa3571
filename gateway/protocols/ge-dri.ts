import type { AbsentReason } from '../core/absent-reason.ts';
import { localTime } from '../core/device-time.ts';
import {
  type DriGroup,
  driAbsent,
  driClassBytes,
  driClasses,
  driGroupHeaderBytes,
  driNoValueFrom,
} from '../core/dri-database.ts';
import {
  type DriRecord,
  type DriSubrecord,
  decodeDriRecord,
  driEndOfList,
  driFlag,
  driMainTypes,
  driSegmentBytesMax,
  encodeDriRecord,
} from '../core/dri-record.ts';
import { driWaves } from '../core/dri-wave.ts';
import {
  type AlertRecord,
  type DeviceRecord,
  defineProtocol,
  type FieldValue,
  noBytes,
} from '../core/protocol.ts';

const alarmsMax = 5;
const alarmTextMax = 80;

/** The monitor displays an alarm; its place in the list is not what it is known by. */
interface Alarm {
  readonly text: string;
  readonly color: number;
  readonly type: number;
}

interface State {
  /** Bytes since the last flag. */
  readonly held: Uint8Array;
  /** More came than a record can have: everything up to the next flag is damage. */
  readonly isOverlong: boolean;
  readonly alarms: readonly Alarm[];
  /** What came since the gateway last spoke. */
  readonly heard: number;
  /** When the monitor was last heard or asked, in ms, for each kind of data it is asked for. */
  readonly quietSince: readonly (number | undefined)[];
}

/**
 * Each is one whole record with one subrecord of type 0: displayed values every 5 s, two waves,
 * alarms whenever they change. A wave stop, a trend or a mark cannot be formed.
 */
const transmits = {
  'physiological data request': /7e3100(?:00){19}ff(?:00){18}0105000e(?:00){5}447e/,
  'wave request': /7e4800(?:00){12}0100(?:00){5}ff(?:00){22}0108(?:ff){6}(?:00){20}4b7e/,
  'alarm request': /7e3400(?:00){12}0400(?:00){5}ff(?:00){18}0200(?:00){10}397e/,
} as const;

/**
 * GE S/5 and CARESCAPE Bx50 monitors over their Datex-Ohmeda Record Interface (DRI), 19 200 8E1.
 * The monitor sends what it is asked for until it is switched off; so it is asked once, and again
 * whenever it falls silent. Its clock shows local time and names no zone.
 */
export default defineProtocol<State>({
  id: 'ge-dri',
  start: {
    held: noBytes,
    isOverlong: false,
    alarms: [],
    heard: 0,
    quietSince: [undefined, undefined, undefined],
  },
  stateBytesMax: driSegmentBytesMax + 2_048,
  transmits,

  step(state, chunk) {
    const bytes = state.held.length === 0 ? chunk : Buffer.concat([state.held, chunk]);
    const records: DeviceRecord[] = [];
    let { isOverlong, alarms, heard } = state;
    let discardedBytes = 0;
    let start = 0;
    let flag = bytes.indexOf(driFlag, state.held.length);

    while (flag !== -1) {
      const segment = bytes.subarray(start, flag);
      const isTooLong = isOverlong || segment.length > driSegmentBytesMax;
      const record = isTooLong ? undefined : decodeDriRecord(segment);
      const read = record && readRecord(record, alarms);
      if (read) {
        records.push(...read.records);
        alarms = read.alarms ?? alarms;
        heard |= read.heard;
      } else discardedBytes += segment.length;
      isOverlong = false;
      start = flag + 1;
      flag = bytes.indexOf(driFlag, start);
    }
    let rest = bytes.subarray(start);
    if (isOverlong || rest.length > driSegmentBytesMax) {
      discardedBytes += rest.length;
      isOverlong = true;
      rest = noBytes;
    }
    const { quietSince } = state;
    const held = Uint8Array.from(rest);
    return {
      state: { held, isOverlong, alarms, heard, quietSince },
      records,
      reply: noBytes,
      discardedBytes,
    };
  },

  speak(state, at) {
    const asked: Uint8Array[] = [];
    const quietSince = requests.map(({ heardAs, askAgainAfterMs, bytes }, index) => {
      const since = state.quietSince[index];
      const isHeard = (state.heard & heardAs) !== 0;
      if (isHeard) return at;
      if (since !== undefined && at >= since && at - since < askAgainAfterMs) return since;
      asked.push(bytes);
      return at;
    });
    return { state: { ...state, heard: 0, quietSince }, bytes: Buffer.concat(asked) };
  },
});

const physiologicalHeard = 1;
const waveHeard = 2;

/** Displayed values of all classes, every 5 s; -1 would be once. */
const intervalSeconds = 5;
const displayedValues = 1;
/** The basic class is sent unless denied; these ask for the three others. */
const allClasses = 0x0e;
/** ECG1 and pleth: 400 of the 600 samples a second that the interface carries. */
const waveTypes = [1, 8];
const waveTypesMax = 8;
const enterDifferenceMode = 2;

const requests = [
  {
    heardAs: physiologicalHeard,
    askAgainAfterMs: 3 * intervalSeconds * 1_000,
    bytes: requestOf(driMainTypes.physiological, [
      ...[displayedValues, ...word(intervalSeconds), allClasses, 0, 0, 0],
      ...word(0),
    ]),
  },
  {
    heardAs: waveHeard,
    askAgainAfterMs: 15_000,
    bytes: requestOf(driMainTypes.wave, [
      ...[...word(0), ...word(0)],
      ...Array.from({ length: waveTypesMax }, (_, index) => waveTypes[index] ?? driEndOfList),
      ...new Array<number>(20).fill(0),
    ]),
  },
  {
    // Alarms are sent when they change. Asking again makes up for one that was lost on the wire.
    heardAs: 0,
    askAgainAfterMs: 30_000,
    bytes: requestOf(driMainTypes.alarm, [
      ...word(enterDifferenceMode),
      ...new Array<number>(10).fill(0),
    ]),
  },
] as const;

/** A request is a record of one subrecord, of type 0. */
function requestOf(mainType: number, command: readonly number[]): Uint8Array {
  const bytes = Buffer.from(command);
  return encodeDriRecord({ time: 0, mainType, subrecords: [{ type: 0, bytes }] });
}

function word(value: number): readonly [number, number] {
  return [value & 0xff, (value >> 8) & 0xff];
}

interface Read {
  readonly records: readonly DeviceRecord[];
  readonly heard: number;
  readonly alarms?: readonly Alarm[];
}

const nothingRead: Read = { records: [], heard: 0 };

/** Undefined when a subrecord is shorter than its kind. */
function readRecord(record: DriRecord, alarms: readonly Alarm[]): Read | undefined {
  // Type 0 is a request: in a recording of both directions it stands among the answers.
  const subrecords = record.subrecords.filter(({ type }) => type !== 0);
  const time = timeOf(record.time);
  switch (record.mainType) {
    case driMainTypes.physiological:
      return readPhysiological(subrecords, time);
    case driMainTypes.wave:
      return readWaves(subrecords, time);
    case driMainTypes.alarm:
      return readAlarms(subrecords, time, alarms);
    default:
      // Who the patient is and what the anaesthetist noted is not taken from here.
      return nothingRead;
  }
}

/** The monitor's clock shows local time, though it counts like Unix time. */
function timeOf(seconds: number): string | undefined {
  if (seconds === 0) return undefined;
  const date = new Date(seconds * 1_000);
  return localTime(
    date.getUTCFullYear(),
    date.getUTCMonth() + 1,
    date.getUTCDate(),
    date.getUTCHours(),
    date.getUTCMinutes(),
    date.getUTCSeconds(),
  );
}

const timeBytes = 4;
/** Behind the class: marker, reserved, and a word with the class in bits 8 to 11. */
const classWord = timeBytes + driClassBytes + 2;
const physiologicalBytes = classWord + 2;
const auxiliaryType = 4;
const bodySurfaceOffset = 14;
const auxiliaryBytes = bodySurfaceOffset + 2;

/** Displayed values, 10 s and 60 s trends stand in one record, but are not the same values. */
function readPhysiological(subrecords: readonly DriSubrecord[], sentAt: string | undefined) {
  const byType = new Map<
    number,
    { fields: Record<string, FieldValue>; time?: string | undefined }
  >();
  for (const { type, bytes: data } of subrecords) {
    const isAuxiliary = type === auxiliaryType;
    if (data.length < (isAuxiliary ? auxiliaryBytes : physiologicalBytes)) return undefined;
    const record = byType.get(type) ?? { fields: {}, time: sentAt };
    byType.set(type, record);
    if (isAuxiliary) {
      record.fields['AUX.BSA'] = readValue(
        data.readInt16LE(bodySurfaceOffset),
        100,
        exists | isActive,
        undefined,
        true,
      );
      continue;
    }
    const number = (data.readUInt16LE(classWord) >> 8) & 0x0f;
    record.time = timeOf(data.readUInt32LE(0)) ?? record.time;
    const class_ = data.subarray(timeBytes, timeBytes + driClassBytes);
    for (const group of driClasses[number] ?? []) readGroup(class_, group, record.fields);
  }
  return { records: [...byType.values()], heard: physiologicalHeard };
}

const exists = 0x01;
const isActive = 0x02;

function readGroup(data: Buffer, group: DriGroup, fields: Record<string, FieldValue>): void {
  const statusAt = group.hasNoHeader ? group.statusAt : group.offset;
  const status = statusAt === undefined ? exists | isActive : data.readUInt32LE(statusAt);
  const label = group.hasNoHeader ? 0 : data.readUInt16LE(group.offset + 4);
  const first = group.offset + (group.hasNoHeader ? 0 : driGroupHeaderBytes);
  const set = (group.bits ?? []).filter(
    (bit) => ((bit.in === 'status' ? status : label) & bit.mask) !== 0,
  );
  const prefix = prefixOf(group, label);
  for (const [index, [name, divisor]] of group.fields.entries()) {
    if (divisor === 0) continue;
    const own = set.filter(({ field }) => field === undefined || field === name);
    const [reason] = own.flatMap((bit) => bit.reason ?? []);
    const raw = data.readInt16LE(first + 2 * index);
    const value = readValue(raw, divisor, status, reason, own.length === 0);
    // A channel without a label is one that nobody uses.
    if (group.labels && label === 0 && isAbsent(value)) continue;
    add(fields, nameOf(group.name, name, prefix, status, label, value), value, group.name);
  }
}

function prefixOf({ name, labels }: DriGroup, label: number): string {
  if (!labels || label === 0) return name;
  return labels.get(label) ?? `${name}-${label}`;
}

/**
 * Where there is no module, monitors of another edition keep zeros: they are no values. A module
 * that measures nothing now may still show the last one.
 */
function readValue(
  raw: number,
  divisor: number,
  status: number,
  reason: AbsentReason | undefined,
  isCertain: boolean,
): FieldValue {
  if ((status & exists) === 0) return { absent: 'not-measured' };
  const isMeasuring = (status & isActive) !== 0;
  if (raw <= driNoValueFrom) {
    const stated = driAbsent.get(raw) ?? 'invalid';
    if (stated !== 'invalid') return { absent: stated };
    return { absent: reason ?? (isMeasuring ? 'invalid' : 'not-measured') };
  }
  const value = raw / divisor;
  return isMeasuring && isCertain ? value : { value, quality: 'questionable' };
}

const heartRateSourceShift = 3;
const heartRateSourceMask = 0x0f;
const ecgSources = new Set([1, 9]);
const plethSources = new Set([6, 12]);
const pressureSources = new Set([2, 3, 4, 5, 7, 8, 10, 11]);
const respirationSourceMask = 0x07;
const impedance = 2;

/** The displayed heart and respiration rates say in the header of their group what counts them. */
function nameOf(
  group: string,
  field: string,
  prefix: string,
  status: number,
  label: number,
  value: FieldValue,
): string {
  if (isAbsent(value)) return `${prefix}.${field}`;
  if (group === 'ECG' && field === 'HR') {
    const source = (status >> heartRateSourceShift) & heartRateSourceMask;
    if (ecgSources.has(source)) return 'ECG.HR';
    if (plethSources.has(source)) return 'HR.PLETH';
    return pressureSources.has(source) ? 'HR.PRESSURE' : 'HR.SELECTED';
  }
  if (group === 'CO2' && field === 'RR' && (label & respirationSourceMask) === impedance) {
    return 'RR.IMPEDANCE';
  }
  return `${prefix}.${field}`;
}

/** Two channels may carry one label. Neither value overwrites the other; an absent one gives way. */
function add(
  fields: Record<string, FieldValue>,
  name: string,
  value: FieldValue,
  channel: string,
): void {
  const before = fields[name];
  if (before === undefined || isAbsent(before)) fields[name] = value;
  else if (!isAbsent(value)) fields[`${channel}-${name}`] = value;
}

function isAbsent(value: FieldValue): boolean {
  return typeof value === 'object' && 'absent' in value;
}

const waveHeaderBytes = 6;
const leadOff = 0x0008;
const ecgWaves = new Set([1, 2, 3]);

function readWaves(
  subrecords: readonly DriSubrecord[],
  time: string | undefined,
): Read | undefined {
  const fields: Record<string, FieldValue> = {};
  for (const { type, bytes: data } of subrecords) {
    if (data.length < waveHeaderBytes) return undefined;
    const count = data.readInt16LE(0);
    const end = waveHeaderBytes + 2 * count;
    if (count < 0 || data.length < end) return undefined;
    const isOff = ecgWaves.has(type) && (data.readUInt16LE(2) & leadOff) !== 0;
    const wave = driWaves.get(type);
    if (!wave) fields[`WAVE.${type}`] = { absent: 'unsupported' };
    else if (isOff) fields[wave.name] = { absent: 'sensor-off' };
    else if (count > 0) {
      fields[wave.name] = samplesOf(
        data.subarray(waveHeaderBytes, end),
        wave.divisor,
        1_000 / wave.samplesPerSecond,
      );
    }
  }
  const isEmpty = Object.keys(fields).length === 0;
  return isEmpty ? nothingRead : { records: [{ fields, time }], heard: waveHeard };
}

/** A block with a hole in it is no evenly spaced wave any more. */
function samplesOf(data: Buffer, divisor: number, periodMs: number): FieldValue {
  const samples: number[] = [];
  for (let offset = 0; offset < data.length; offset += 2) {
    const raw = data.readInt16LE(offset);
    if (raw <= driNoValueFrom) return { absent: driAbsent.get(raw) ?? 'invalid' };
    samples.push(raw / divisor);
  }
  return { samples, periodMs };
}

const alarmStatusType = 1;
/** Reserved, sound, two reserved, silence: five words before the five displayed alarms. */
const alarmListOffset = 10;
/** Text, then words: text changed, colour, colour changed, format, marks, source, type, 2 more. */
const alarmBytes = 98;
const alarmColorOffset = alarmTextMax + 2;
const alarmTypeOffset = alarmTextMax + 12;

function readAlarms(
  subrecords: readonly DriSubrecord[],
  time: string | undefined,
  before: readonly Alarm[],
): Read | undefined {
  const status = subrecords.find(({ type }) => type === alarmStatusType);
  if (!status) return nothingRead;
  if (status.bytes.length < alarmListOffset + alarmsMax * alarmBytes) return undefined;
  const alarms = displayedAlarms(status.bytes);
  const alerts = changes(before, alarms);
  if (alerts.length === 0) return { records: [], heard: 0, alarms };
  const note = alarms.map(({ text }) => text).join('; ');
  return { records: [{ fields: {}, alerts, time, note: note || undefined }], heard: 0, alarms };
}

function displayedAlarms(data: Buffer): readonly Alarm[] {
  const alarms = new Map<string, Alarm>();
  for (let index = 0; index < alarmsMax; index += 1) {
    const entry = data.subarray(alarmListOffset + index * alarmBytes);
    const [raw = ''] = entry.toString('latin1', 0, alarmTextMax).split('\0');
    const text = raw.replace(/[^\x20-\x7e\xa0-\xff]+/g, ' ').trim();
    const color = entry.readInt16LE(alarmColorOffset);
    const type = entry.readInt16LE(alarmTypeOffset);
    if (color > 0 && text !== '' && !alarms.has(text)) alarms.set(text, { text, color, type });
  }
  return [...alarms.values()];
}

/** An alarm is said when it begins, when its colour changes and when it ends. */
function changes(before: readonly Alarm[], now: readonly Alarm[]): readonly AlertRecord[] {
  const alerts: AlertRecord[] = [];
  for (const alarm of now) {
    const earlier = before.find(({ text }) => text === alarm.text);
    if (!earlier) alerts.push(alertOf(alarm, 'start'));
    else if (earlier.color !== alarm.color) alerts.push(alertOf(alarm, 'continue'));
  }
  for (const alarm of before) {
    if (!now.some(({ text }) => text === alarm.text)) alerts.push(alertOf(alarm, 'end'));
  }
  return alerts;
}

/** White, yellow, red. */
const priorities = ['none', 'low', 'medium', 'high'] as const;
const limitEvents = ['MDC_EVT_ALARM', 'MDC_EVT_LO_VAL_LT_LIM', 'MDC_EVT_HI_VAL_GT_LIM'] as const;

function alertOf({ color, type }: Alarm, phase: AlertRecord['phase']): AlertRecord {
  return {
    event: limitEvents[type] ?? 'MDC_EVT_ALARM',
    phase,
    priority: priorities[color] ?? 'high',
  };
}
