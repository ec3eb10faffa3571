import type { AbsentReason } from '../absent-reason.ts';
import { localTime } from '../device-time.ts';
import type { DeviceRecord, FieldValue } from '../protocol.ts';
import {
  type DriGroup,
  driAbsent,
  driClassBytes,
  driClasses,
  driGroupHeaderBytes,
  driNoValueFrom,
} from './database.ts';
import type { DriSubrecord } from './record.ts';
import { driWaves } from './wave.ts';

/** The monitor's clock shows local time, though it counts like Unix time. */
export function driTimeOf(seconds: number): string | undefined {
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

/**
 * Displayed values, 10 s and 60 s trends stand in one record, but are not the same values.
 * Undefined when a subrecord is shorter than its kind.
 */
export function readDriPhysiological(
  subrecords: readonly DriSubrecord[],
  sentAt: string | undefined,
): readonly DeviceRecord[] | undefined {
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
    record.time = driTimeOf(data.readUInt32LE(0)) ?? record.time;
    const class_ = data.subarray(timeBytes, timeBytes + driClassBytes);
    for (const group of driClasses[number] ?? []) readGroup(class_, group, record.fields);
  }
  return [...byType.values()];
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

/** One record of all waves; none where all are empty. Undefined when one is shorter than it says. */
export function readDriWaves(
  subrecords: readonly DriSubrecord[],
  time: string | undefined,
): readonly DeviceRecord[] | undefined {
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
  return isEmpty ? [] : [{ fields, time }];
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
