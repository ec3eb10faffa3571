import { localTime } from '../core/device-time.ts';
import { maskLines } from '../core/mask.ts';
import { type DeviceRecord, defineProtocol, type FieldValue, noBytes } from '../core/protocol.ts';

/** Twice the longest line. */
const lineBytesMax = 128;
const LF = 0x0a;

/** "DMP" behind XON and CR: send the whole memory. It changes nothing in the meter. */
const command = '\x11\rDMP';
const dump = Uint8Array.from(Buffer.from(command, 'latin1'));
/** The meter sleeps until it is plugged in; a whole memory of 500 results takes half a minute. */
const askEveryMs = 60_000;
/** After an answer the same results would come again; what is new can wait this long. */
const askAgainAfterMs = 60 * 60 * 1_000;

const lineEnd = Uint8Array.of(LF);

interface State {
  readonly held: Uint8Array;
  /** The line in flight outgrew the limit: what comes is discarded up to its end. */
  readonly isOverlong: boolean;
  /** Of the meter whose memory is coming. */
  readonly serialNumber: string | undefined;
  /** When the meter was asked last, and whether it has answered since. */
  readonly askedAt: number | undefined;
  readonly isAnswered: boolean;
}

/**
 * The memory of LifeScan's OneTouch Ultra2, as it answers to the command DMP: a heading with number
 * of results, serial number and unit of the display, then one line a result, newest first. 9600 8N1.
 * Each line ends with the 16-bit sum of its characters; a wrong one discards the line. Results are
 * in mg/dL, whatever unit the display shows.
 */
export default defineProtocol<State>({
  id: 'onetouch-dmp',
  start: {
    held: noBytes,
    isOverlong: false,
    serialNumber: undefined,
    askedAt: undefined,
    isAnswered: false,
  },
  stateBytesMax: lineBytesMax + 128,
  // What sets the clock (DMT), erases the memory (DMZ) or changes the display has no row here.
  transmits: { dump: /110d444d50/ },

  step(state, chunk) {
    const bytes = Buffer.concat([state.held, chunk]);
    const records: DeviceRecord[] = [];
    let { isOverlong, serialNumber, isAnswered } = state;
    let discardedBytes = 0;
    let start = 0;

    for (let end = bytes.indexOf(LF); end !== -1; end = bytes.indexOf(LF, start)) {
      const isTooLong = isOverlong || end - start > lineBytesMax;
      const text = isTooLong ? undefined : contentOf(bytes.toString('latin1', start, end));
      const heading = text === undefined ? undefined : headingForm.exec(text);
      const record = text === undefined || heading ? undefined : readResult(text, serialNumber);
      if (record) records.push(record);
      else if (!heading) discardedBytes += end + 1 - start;
      serialNumber = heading?.[1] ?? serialNumber;
      isAnswered ||= heading !== null && heading !== undefined;
      isOverlong = false;
      start = end + 1;
    }

    const isRestTooLong = isOverlong || bytes.length - start > lineBytesMax;
    if (isRestTooLong) discardedBytes += bytes.length - start;
    const held = isRestTooLong ? noBytes : Uint8Array.from(bytes.subarray(start));
    const { askedAt } = state;
    return {
      state: { held, isOverlong: isRestTooLong, serialNumber, askedAt, isAnswered },
      records,
      reply: noBytes,
      discardedBytes,
    };
  },

  // The sum proves a last line whole, though its end was not recorded.
  finish(state) {
    const { records, discardedBytes } = this.step(state, lineEnd);
    return { records, discardedBytes: Math.min(discardedBytes, state.held.length) };
  },

  speak(state, at) {
    const { askedAt, isAnswered } = state;
    const waitMs = isAnswered ? askAgainAfterMs : askEveryMs;
    // A clock that went back asks anew: a dump too many harms nobody.
    const isDue = askedAt === undefined || at - askedAt >= waitMs || at < askedAt;
    if (!isDue) return { state, bytes: noBytes };
    return { state: { ...state, askedAt: at, isAnswered: false }, bytes: dump };
  },

  mask: (capture, mask) =>
    maskLines(capture, (line) => {
      const text = contentOf(line.replace(/\r?\n$/, ''));
      if (text === undefined) return undefined;
      const masked = resultForm.test(text)
        ? text
        : text.replace(/"([0-9A-Z]{9})"/, (_, serial: string) => `"${mask.text(serial)}"`);
      if (masked === text && !resultForm.test(text)) return undefined;
      return `${masked} ${checksumOf(masked)}\r\n`;
    }),
});

const lineForm = /^([\x20-\x7e]+) ([0-9A-F]{4})\r?$/;

/** A line without its checksum, or undefined when that is wrong. */
function contentOf(line: string): string | undefined {
  const [, text, checksum] = lineForm.exec(withoutCommands(line)) ?? [];
  if (text === undefined || checksum === undefined) return undefined;
  return checksum === checksumOf(text) ? text : undefined;
}

/** A tap on the cable records the host's commands in front of the answers. */
function withoutCommands(line: string): string {
  let rest = line;
  while (rest.startsWith(command)) rest = rest.slice(command.length).replace(/^\r/, '');
  return rest;
}

function checksumOf(text: string): string {
  const sum = Buffer.from(text, 'latin1').reduce((total, byte) => (total + byte) & 0xffff, 0);
  return sum.toString(16).toUpperCase().padStart(4, '0');
}

const headingForm = /^P \d{3},"([0-9A-Z]{9})","(?:MG\/DL |MMOL\/L)"$/;
const resultForm =
  /^P "[A-Z]{3}","(\d\d)\/(\d\d)\/(\d\d)","(\d\d):(\d\d):(\d\d) {3}","([C ]) (.{4})","([NBA ])","(\d\d)", 00$/;

function readResult(text: string, serialNumber: string | undefined): DeviceRecord | undefined {
  const match = resultForm.exec(text);
  if (!match) return undefined;
  const [month = 0, day = 0, year = 0, hour = 0, minute = 0, second = 0] = match
    .slice(1, 7)
    .map(Number);
  const [control, value = '', meal = '', comment = ''] = match.slice(7);
  const glucose = toGlucose(value);
  if (glucose === undefined) return undefined;
  return {
    fields: { GLU: glucose, MEAL: meal, COMMENT: comment },
    // The meter's own time, in no zone it names.
    time: localTime(2000 + year, month, day, hour, minute, second),
    isStored: true,
    serialNumber,
    // Control solution, not blood.
    isTest: control === 'C' ? true : undefined,
  };
}

/** What the meter can measure, in mg/dL. */
const glucoseMin = 20;
const glucoseMax = 600;

function toGlucose(text: string): FieldValue | undefined {
  if (text === 'HIGH') return { absent: 'above-range' };
  if (text === 'LOW ') return { absent: 'below-range' };
  // The meter marks a result whose memory cell it no longer trusts.
  if (/^\d{3}\?$/.test(text)) return { absent: 'invalid' };
  if (!/^\d{3} $/.test(text)) return undefined;
  const value = Number(text);
  if (value < glucoseMin) return { absent: 'below-range' };
  return value > glucoseMax ? { absent: 'above-range' } : { value, unit: 'mg/dL' };
}
