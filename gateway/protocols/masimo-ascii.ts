import type { AbsentReason } from '../core/absent-reason.ts';
import { localTime } from '../core/device-time.ts';
import { maskLines } from '../core/mask.ts';
import {
  type AlertRecord,
  brokenOff,
  type DeviceRecord,
  defineProtocol,
  type FieldValue,
  noBytes,
} from '../core/protocol.ts';

/** More than twice the longest line any known model prints. */
const lineBytesMax = 512;
const LF = 0x0a;

interface State {
  /** The line so far. */
  readonly held: Uint8Array;
  /** The line in flight outgrew the limit: what comes is discarded up to its end. */
  readonly isOverlong: boolean;
  /** The alarm bits of the last good line that had any. */
  readonly alarm: number;
}

/**
 * Masimo "ASCII 1" (Radical-5, Radical-7, Rad-8 and their like): one line a second, a local date
 * and time and `KEY=value` pairs, 9600 8N1. Models print different keys and widths, so a value is
 * found by its key, never by its place. The line has no checksum: a known key whose value is not
 * of its exact form discards the whole line.
 */
export default defineProtocol<State>({
  id: 'masimo-ascii',
  start: { held: noBytes, isOverlong: false, alarm: 0 },
  stateBytesMax: lineBytesMax + 128,
  transmits: {},

  step(state, chunk) {
    const bytes = Buffer.concat([state.held, chunk]);
    const records: DeviceRecord[] = [];
    let { isOverlong, alarm } = state;
    let discardedBytes = 0;
    let start = 0;

    for (let end = bytes.indexOf(LF); end !== -1; end = bytes.indexOf(LF, start)) {
      const isTooLong = isOverlong || end - start > lineBytesMax;
      const read = isTooLong ? undefined : readLine(bytes.toString('latin1', start, end), alarm);
      if (read) records.push(read.record);
      else discardedBytes += end + 1 - start;
      alarm = read?.alarm ?? alarm;
      isOverlong = false;
      start = end + 1;
    }

    const isRestTooLong = isOverlong || bytes.length - start > lineBytesMax;
    if (isRestTooLong) discardedBytes += bytes.length - start;
    const held = isRestTooLong ? noBytes : Uint8Array.from(bytes.subarray(start));
    return {
      state: { held, isOverlong: isRestTooLong, alarm },
      records,
      reply: noBytes,
      discardedBytes,
    };
  },

  finish: ({ held }) => brokenOff(held.length),

  mask: (capture, mask) =>
    maskLines(capture, (line) => {
      const text = line.replace(/[\r\n]+$/, '').replace(/^\r/, '');
      if (!readLine(text, 0)) return undefined;
      return line.replace(/([A-Z][A-Z0-9]*)=([^\s]+)/g, (pair, key: string, value: string) =>
        measurements.has(key) || /^(?:ALARM|EXC1?)$/.test(key)
          ? pair
          : `${key}=${mask.text(value)}`,
      );
    }),
});

/** What each known measurement looks like: digits as printed, or dashes where there is none. */
const measurements: ReadonlyMap<string, { readonly form: RegExp; readonly max: number }> = new Map([
  ['SPO2', { form: /^(?:\d{3}|---)%?$/, max: 100 }],
  ['BPM', { form: /^(?:\d{3}|---)%?$/, max: 240 }],
  ['PI', { form: /^(?:\d\d\.\d\d|--\.--)%?$/, max: 20 }],
  ['SPCO', { form: /^(?:\d\d(?:\.\d)?|--(?:\.-)?)%?$/, max: 99.9 }],
  ['SPMET', { form: /^(?:\d\d\.\d|--\.-)%?$/, max: 99.9 }],
  ['SPHB', { form: /^(?:\d\d\.\d|--\.-)$/, max: 25 }],
  ['SPOC', { form: /^(?:\d\d(?:\.\d)?|--(?:\.-)?)$/, max: 99.9 }],
  ['DESAT', { form: /^(?:\d\d|--)$/, max: 99 }],
  ['PIDELTA', { form: /^(?:[+-]\d\d|[+-]--)$/, max: 99 }],
  ['PVI', { form: /^(?:\d{3}|---)%?$/, max: 100 }],
]);

/** What is no measurement but of a known form. */
const attributes: ReadonlyMap<string, RegExp> = new Map([
  ['SN', /^(?:[0-9A-Z]{6,16}|-{6,16})$/],
  ['ALARM', /^[0-9A-F]{2,8}$/],
  ['EXC', /^[0-9A-F]{3,8}$/],
  ['EXC1', /^[0-9A-F]{3,8}$/],
  ['RESVD', /^[0-9A-Z.+-]{1,16}$/],
]);

/** Without these a line is not whole. */
const required = ['SPO2', 'BPM', 'EXC'];

const linePattern = /^(\d\d)\/(\d\d)\/(\d\d) (\d\d):(\d\d):(\d\d) ([\x20-\x7e]+)$/;
const pairPattern = /^([A-Z][A-Z0-9]{0,15})=([\x21-\x7e]{1,32})$/;
const dashes = /^[+-]?-[-.]*%?$/;

interface Line {
  readonly record: DeviceRecord;
  readonly alarm: number;
}

function readLine(text: string, alarmBefore: number): Line | undefined {
  const match = linePattern.exec(text.replace(/^\r|\r$/g, ''));
  if (!match) return undefined;
  const clock = match.slice(1, 7).map(Number);
  const time = readClock(clock);
  if (time === undefined && clock.some((part) => part !== 0)) return undefined;
  const pairs = readPairs(match[7] ?? '');
  if (!pairs || !required.every((key) => pairs.has(key))) return undefined;

  const exceptions = Number.parseInt(pairs.get('EXC') ?? '', 16);
  const fields: Record<string, FieldValue> = {};
  for (const [key, value] of pairs) {
    if (!attributes.has(key)) fields[key] = toField(key, value, exceptions);
  }
  const stated = pairs.get('ALARM');
  const alarm = stated === undefined ? alarmBefore : Number.parseInt(stated, 16);
  const serial = pairs.get('SN');
  const record: DeviceRecord = {
    fields,
    alerts: stated === undefined ? undefined : toAlerts(alarm, alarmBefore),
    time,
    serialNumber: serial?.startsWith('-') ? undefined : serial,
  };
  return { record, alarm };
}

/** The device prints month, day and year, in its own local time. All zero: its clock was never set. */
function readClock(clock: readonly number[]): string | undefined {
  const [month = 0, day = 0, year = 0, hour = 0, minute = 0, second = 0] = clock;
  return localTime(2000 + year, month, day, hour, minute, second);
}

/** The pairs by key, or undefined when one of them shows damage. */
function readPairs(text: string): ReadonlyMap<string, string> | undefined {
  const pairs = new Map<string, string>();
  for (const token of text.trim().split(/ +/)) {
    const [, key, value] = pairPattern.exec(token) ?? [];
    // A key twice: two lines ran together.
    if (key === undefined || value === undefined || pairs.has(key)) return undefined;
    const measurement = measurements.get(key);
    if (measurement && !isMeasurement(value, measurement)) return undefined;
    if (attributes.get(key)?.test(value) === false) return undefined;
    pairs.set(key, value);
  }
  return pairs;
}

function isMeasurement(text: string, { form, max }: { form: RegExp; max: number }): boolean {
  if (!form.test(text)) return false;
  // Dashes are no number, and NaN is not above any limit.
  return !(Math.abs(Number.parseFloat(text)) > max);
}

/** Bits of EXC (Rad-8 Operator's Manual, "Trend data format"). 0x800, Masimo SET, is no fault. */
const noSensor = 0x001;
const defectiveSensor = 0x002;
const lowPerfusion = 0x004;
const pulseSearch = 0x008;
const interference = 0x010;
const sensorOff = 0x020;
const ambientLight = 0x040;
const unrecognizedSensor = 0x080;
const lowSignalQuality = 0x400;
const poorSignal = lowPerfusion | interference | ambientLight | lowSignalQuality;
const doubts =
  noSensor | defectiveSensor | pulseSearch | sensorOff | unrecognizedSensor | poorSignal;

function toField(key: string, text: string, exceptions: number): FieldValue {
  if (dashes.test(text)) return { absent: absentReason(exceptions) };
  // A key of newer firmware goes on as it was printed: decoding says that nobody knows it.
  if (!measurements.has(key)) return text;
  const value = Number.parseFloat(text);
  // The display counts from 1; a printed zero is the device's word for nothing there, never a zero.
  if (value === 0 && (key === 'SPO2' || key === 'BPM')) {
    return { absent: absentReason(exceptions) };
  }
  return (exceptions & doubts) === 0 ? value : { value, quality: 'questionable' };
}

function absentReason(exceptions: number): AbsentReason {
  if (exceptions & noSensor) return 'no-sensor';
  if (exceptions & (defectiveSensor | unrecognizedSensor)) return 'sensor-fault';
  if (exceptions & sensorOff) return 'sensor-off';
  if (exceptions & pulseSearch) return 'not-ready';
  return exceptions & poorSignal ? 'poor-signal' : 'unknown';
}

type Alarm = Pick<AlertRecord, 'event' | 'field' | 'priority'> & { readonly bit: number };

const high = 'MDC_EVT_HI_VAL_GT_LIM';
const low = 'MDC_EVT_LO_VAL_LT_LIM';

/** Bits of ALARM that stand for an alarm. 0x10 and 0x20 say "active" and "silenced" for all of them. */
const alarms: readonly Alarm[] = [
  { bit: 0x0001, event: high, field: 'SPO2', priority: 'medium' },
  { bit: 0x0002, event: low, field: 'SPO2', priority: 'high' },
  { bit: 0x0004, event: high, field: 'BPM', priority: 'high' },
  { bit: 0x0008, event: low, field: 'BPM', priority: 'high' },
  { bit: 0x0040, event: 'MDC_EVT_ALARM', field: undefined, priority: 'low' },
  { bit: 0x0100, event: high, field: 'SPCO', priority: 'high' },
  { bit: 0x0200, event: low, field: 'SPCO', priority: 'high' },
  { bit: 0x0400, event: high, field: 'SPMET', priority: 'high' },
  { bit: 0x0800, event: low, field: 'SPMET', priority: 'high' },
  { bit: 0x1000, event: 'MDC_EVT_ALARM', field: 'DESAT', priority: 'high' },
  { bit: 0x2000, event: 'MDC_EVT_ALARM', field: 'PIDELTA', priority: 'high' },
];
const alarmActive = 0x0010;

/** An alarm without a cause among the bits, such as a sensor that came off: one of its own. */
const otherAlarm: Alarm = {
  bit: alarmActive,
  event: 'MDC_EVT_ALARM',
  field: undefined,
  priority: 'high',
};
const causes = alarms.reduce((bits, { bit }) => bits | bit, 0);

/** Silencing stops the tone, not the alarm: a silenced alarm goes on as long as its bit is set. */
function toAlerts(alarm: number, before: number): readonly AlertRecord[] | undefined {
  const now = raised(alarm);
  const then = raised(before);
  const alerts = [...alarms, otherAlarm]
    .filter(({ bit }) => ((now | then) & bit) !== 0)
    .map(({ bit, event, field, priority }): AlertRecord => {
      const phase = (now & bit) === 0 ? 'end' : (then & bit) === 0 ? 'start' : 'continue';
      return { event, field, phase, priority };
    });
  return alerts.length > 0 ? alerts : undefined;
}

function raised(alarm: number): number {
  const bits = alarm & causes;
  return bits === 0 ? alarm & alarmActive : bits;
}
