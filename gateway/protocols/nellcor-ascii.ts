import type { AbsentReason } from '../core/absent-reason.ts';
import { localTime } from '../core/device-time.ts';
import { maskLines, maskWords } from '../core/mask.ts';
import {
  type AlertRecord,
  brokenOff,
  type DeviceRecord,
  defineProtocol,
  type FieldValue,
  noBytes,
} from '../core/protocol.ts';

/** Nearly twice the longest line, the one that names the alarm limits. */
const lineBytesMax = 160;
const LF = 0x0a;

/** Where the last digit of a column stands, counted from 0: under the third letter of its heading. */
interface Layout {
  readonly saturation: number;
  readonly rate: number;
  readonly amplitude: number;
}

const standardLayout: Layout = { saturation: 23, rate: 31, amplitude: 39 };

interface State {
  /** The line so far. */
  readonly held: Uint8Array;
  /** The line in flight outgrew the limit: what comes is discarded up to its end. */
  readonly isOverlong: boolean;
  /** Where the last heading put the columns, if elsewhere. */
  readonly layout: Layout;
  /** The menu is open: what looks like a measurement is a stored one. */
  readonly isInteractive: boolean;
  /** The alarms of the last measurement, each a code of `alarms`. */
  readonly raised: readonly string[];
}

/**
 * The data port of Nellcor's pulse oximeters in ASCII format (N-595, N-560, N-395, NPB-295): every
 * 2 s a line of local time, saturation, pulse rate and pulse amplitude in fixed columns, then codes
 * of two letters; after 25 lines a heading. 9600 8N1. There is no checksum: a value that does not
 * stand exactly in its column discards the whole line.
 */
export default defineProtocol<State>({
  id: 'nellcor-ascii',
  start: {
    held: noBytes,
    isOverlong: false,
    layout: standardLayout,
    isInteractive: false,
    raised: [],
  },
  stateBytesMax: lineBytesMax + 256,
  transmits: {},

  step(state, chunk) {
    const bytes = Buffer.concat([state.held, chunk]);
    const records: DeviceRecord[] = [];
    let { isOverlong, layout, isInteractive, raised } = state;
    let discardedBytes = 0;
    let start = 0;

    for (let end = bytes.indexOf(LF); end !== -1; end = bytes.indexOf(LF, start)) {
      const isTooLong = isOverlong || end - start > lineBytesMax;
      const line = bytes.toString('latin1', start, end).replace(/^\r+|\r+$/g, '');
      const heading = isTooLong ? undefined : readHeading(line);
      const reading =
        isTooLong || heading || isInteractive ? undefined : readLine(line, layout, raised);
      if (reading) {
        records.push(reading.record);
        raised = reading.raised;
      } else if (!heading) discardedBytes += end + 1 - start;
      layout = heading?.layout ?? layout;
      isInteractive = heading?.isInteractive ?? isInteractive;
      isOverlong = false;
      start = end + 1;
    }

    const isRestTooLong = isOverlong || bytes.length - start > lineBytesMax;
    if (isRestTooLong) discardedBytes += bytes.length - start;
    const held = isRestTooLong ? noBytes : Uint8Array.from(bytes.subarray(start));
    return {
      state: { held, isOverlong: isRestTooLong, layout, isInteractive, raised },
      records,
      reply: noBytes,
      discardedBytes,
    };
  },

  finish: ({ held }) => brokenOff(held.length),

  mask: (capture, mask) =>
    maskLines(capture, (line) => {
      const text = line.replace(/^\r+|[\r\n]+$/g, '');
      const isOurs = rowForm.test(text) || readHeading(text) !== undefined;
      return isOurs ? maskWords(line, harmlessWord, mask) : undefined;
    }),
});

/** What a line that is no measurement changes. */
interface Heading {
  readonly layout?: Layout;
  readonly isInteractive?: boolean;
}

const limitsHeading =
  /^\S+ +VERSION +[\d.]+ +CRC: ?\S+ +SpO2 Limit: *\d+- *\d+% +PR Limit: *\d+- *\d+BPM/i;
const columnHeading = /^( *TIME +)(%SpO2 +)(BPM +)PA +Status *$/i;
/** Alarm limits for adults or neonates, SatSeconds, response mode; version of the instrument. */
const otherHeadings = [
  /^$/,
  /^ +(?:ADULT|NEO\w*) +\d+ ?SAT-S *(?:SPO2 RESP MODE: *\w+[ -~]*)?$/i,
  /^\S+ +VERSION +[\d.]+ +INFO +CRC: ?\S+ +SEC: ?[\d /]+$/i,
];
const menu = [/^\S+ +Interactive Mode *$/i, /^ *Command\? *$/i, /^ *\d\) [A-Z][A-Za-z ]+$/];

function readHeading(line: string): Heading | undefined {
  // The device speaks of the present again.
  if (limitsHeading.test(line)) return { isInteractive: false };
  if (menu.some((form) => form.test(line))) return { isInteractive: true };
  if (otherHeadings.some((form) => form.test(line))) return {};
  const [, time, saturation, rate] = columnHeading.exec(line) ?? [];
  if (time === undefined || saturation === undefined || rate === undefined) return undefined;
  const first = time.length;
  const second = first + saturation.length;
  const third = second + rate.length;
  return { layout: { saturation: first + 2, rate: second + 2, amplitude: third + 2 } };
}

const months = ['JAN', 'FEB', 'MAR', 'APR', 'MAY', 'JUN', 'JUL', 'AUG', 'SEP', 'OCT', 'NOV', 'DEC'];
/** Dates, times, figures of up to three digits, codes of two letters, and the words of a heading. */
const harmlessWord = new RegExp(
  [
    /\d\d-[A-Za-z]{3}-\d\d|\d\d:\d\d:\d\d|\d{1,3}[*%]?|---|[A-Z]{2}|\d{1,3}-\d{1,3}(?:%|BPM)?/,
    /N-\d{3}\w?|VERSION|\d+(?:\.\d+)+|CRC:\w{4}|CRC:|X{4}|SpO2|Limit:|PR|ADULT|NEO\w*|\d+SAT-S|SAT-S/,
    /TIME|%SpO2|BPM|PA|Status|INFO|SEC:|SPO2|RESP|MODE:|Interactive|Mode|Command\?/,
  ]
    .map(({ source }) => `^(?:${source})$`)
    .join('|'),
  'i',
);

/** A measurement: when, two or three figures, codes. */
const rowForm =
  /^\d\d-[A-Za-z]{3}-\d\d \d\d:\d\d:\d\d(?: +(?:\d{1,3}|---)\*?){2,3}(?: +[A-Z]{2})* *$/;

const clockForm = /^(\d\d)-([A-Za-z]{3})-(\d\d) (\d\d):(\d\d):(\d\d)$/;
const clockLength = 18;
/** Three places, right-aligned, and a star while the value is outside its alarm limits. */
const columnForm = /^(?: {2}\d| [1-9]\d|[1-9]\d\d|---)[* ]$/;
const columnLength = 4;
const codesForm = /^(?: +[A-Z]{2})* *$/;

const saturationMax = 100;
const rateMax = 300;

interface Reading {
  readonly record: DeviceRecord;
  readonly raised: readonly string[];
}

function readLine(line: string, layout: Layout, before: readonly string[]): Reading | undefined {
  const time = readClock(line.slice(0, clockLength));
  if (time === undefined) return undefined;
  const columns = columnsOf(line, standardLayout) ?? columnsOf(line, layout);
  if (!columns) return undefined;
  const { saturation, rate, amplitude, codes } = columns;
  if (Number.parseInt(saturation, 10) > saturationMax) return undefined;
  if (Number.parseInt(rate, 10) > rateMax) return undefined;

  const stated = codes.filter((code) => alarms.has(code));
  if (isStarred(saturation) && !codes.includes('SH') && !codes.includes('SL')) stated.push('S*');
  if (isStarred(rate) && !codes.includes('PH') && !codes.includes('PL')) stated.push('P*');
  const fields = {
    SPO2: toField(saturation, codes, true),
    BPM: toField(rate, codes, true),
    PA: toField(amplitude, codes, false),
  };
  const alerts = toAlerts(stated, before);
  return { record: { fields, alerts, time }, raised: [...new Set(stated)] };
}

function isStarred(column: string): boolean {
  return column.endsWith('*');
}

/** In the device's own local time, the month in English. Undefined when no calendar has that day. */
function readClock(text: string): string | undefined {
  const [, day, month = '', year, hour, minute, second] = clockForm.exec(text) ?? [];
  return localTime(
    2000 + Number(year),
    months.indexOf(month.toUpperCase()) + 1,
    Number(day),
    Number(hour),
    Number(minute),
    Number(second),
  );
}

interface Columns {
  readonly saturation: string;
  readonly rate: string;
  readonly amplitude: string;
  readonly codes: readonly string[];
}

/** The columns, or undefined when anything stands beside them. */
function columnsOf(line: string, layout: Layout): Columns | undefined {
  const saturation = columnAt(line, clockLength, layout.saturation);
  const rate = columnAt(line, layout.saturation + 2, layout.rate);
  const amplitude = columnAt(line, layout.rate + 2, layout.amplitude);
  const rest = line.slice(layout.amplitude + 2);
  if (!saturation || !rate || !amplitude || !codesForm.test(rest)) return undefined;
  return { saturation, rate, amplitude, codes: rest.match(/[A-Z]{2}/g) ?? [] };
}

/** The column whose last digit stands at `end`, if there is nothing but space from `start` to it. */
function columnAt(line: string, start: number, end: number): string | undefined {
  const text = line.slice(end - 2, end - 2 + columnLength).padEnd(columnLength);
  if (line.slice(start, end - 2).trim() !== '') return undefined;
  return columnForm.test(text) ? text.trimEnd() : undefined;
}

/** Codes that say nothing about a value: alarms off or silenced, on battery, beyond a limit. */
const noDoubt = new Set(['AO', 'AS', 'BU', 'LB', 'PH', 'PL', 'SH', 'SL']);

function toField(column: string, codes: readonly string[], isCounted: boolean): FieldValue {
  const value = Number.parseInt(column, 10);
  // The device prints 0 while it searches; a heart that stands still is its alarm LP.
  if (column.startsWith('---') || (isCounted && value === 0)) return { absent: reasonOf(codes) };
  const isDoubted = codes.some((code) => !noDoubt.has(code));
  return isDoubted ? { value, quality: 'questionable' } : value;
}

function reasonOf(codes: readonly string[]): AbsentReason {
  if (codes.includes('SD')) return 'no-sensor';
  if (codes.includes('SO')) return 'sensor-off';
  if (codes.includes('PS')) return 'not-ready';
  return codes.some((code) => !noDoubt.has(code)) ? 'poor-signal' : 'unknown';
}

type Alarm = Pick<AlertRecord, 'event' | 'field' | 'priority'>;

const high = 'MDC_EVT_HI_VAL_GT_LIM';
const low = 'MDC_EVT_LO_VAL_LT_LIM';

/** `S*` and `P*` are ours: a star without a code that names the limit. */
const alarms: ReadonlyMap<string, Alarm> = new Map([
  ['LP', { event: 'MDC_EVT_ALARM', field: 'BPM', priority: 'high' }],
  ['LM', { event: 'MDC_EVT_ALARM', field: 'BPM', priority: 'high' }],
  ['SH', { event: high, field: 'SPO2', priority: 'medium' }],
  ['SL', { event: low, field: 'SPO2', priority: 'medium' }],
  ['S*', { event: 'MDC_EVT_ALARM', field: 'SPO2', priority: 'medium' }],
  ['PH', { event: high, field: 'BPM', priority: 'medium' }],
  ['PL', { event: low, field: 'BPM', priority: 'medium' }],
  ['P*', { event: 'MDC_EVT_ALARM', field: 'BPM', priority: 'medium' }],
  ['SD', { event: 'MDC_EVT_ALARM', field: 'SPO2', priority: 'low' }],
  ['SO', { event: 'MDC_EVT_ALARM', field: 'SPO2', priority: 'low' }],
  ['LB', { event: 'MDC_EVT_ALARM', field: 'BATTERY', priority: 'low' }],
]);

/** A silenced alarm (AS) goes on as long as its code is there. */
function toAlerts(
  now: readonly string[],
  before: readonly string[],
): readonly AlertRecord[] | undefined {
  const alerts: AlertRecord[] = [];
  for (const [code, alarm] of alarms) {
    const isRaised = now.includes(code);
    const wasRaised = before.includes(code);
    if (!isRaised && !wasRaised) continue;
    alerts.push({ ...alarm, phase: isRaised ? (wasRaised ? 'continue' : 'start') : 'end' });
  }
  // Two codes may stand for one alert, as when a sensor that is off is unplugged: it goes on.
  alerts.sort((one, other) => Number(other.phase === 'end') - Number(one.phase === 'end'));
  return alerts.length > 0 ? alerts : undefined;
}
