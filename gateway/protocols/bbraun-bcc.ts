import type { AbsentReason } from '../core/absent-reason.ts';
import { type Mask, scanFrames } from '../core/mask.ts';
import {
  type DeviceRecord,
  defineProtocol,
  type FieldValue,
  noBytes,
  readOn,
} from '../core/protocol.ts';

const SOH = 0x01;
const STX = 0x02;
const ETX = 0x03;
const EOT = 0x04;
const ACK = 0x06;
const NAK = 0x15;
const ETB = 0x17;
const RS = 0x1e;

/** `SOH LLLLL STX` in front of the text, `ETX CCCCC EOT` behind it. */
const headBytes = 7;
const tailBytes = 7;
/** Seven times the longest part of an answer that was recorded. */
const frameBytesMax = 8_192;
const bedCharactersMax = 16;

/** A station is asked for everything this often, and greeted anew when it left three unanswered. */
const askEveryMs = 5_000;
const unansweredMax = 3;

interface State {
  readonly held: Uint8Array;
  /** How the station calls its bed, once it has answered. */
  readonly bed: string | undefined;
  /** The station doubles some letters ("character stuffing"), as its last answer shows. */
  readonly isStuffed: boolean;
  readonly askedAt: number | undefined;
  readonly unanswered: number;
}

/**
 * B. Braun's BCC protocol, as a Space station with its com module speaks it for all its pumps, over
 * TCP or a serial line. Read only: the gateway greets, asks for all values and acknowledges; there is
 * no way to form a command that changes a pump.
 *
 * A field is a parameter with the place of its pump behind an `@`: pillar 1 to 3 and slot.
 */
export default defineProtocol<State>({
  id: 'bbraun-bcc',
  start: { held: noBytes, bed: undefined, isStuffed: false, askedAt: undefined, unanswered: 0 },
  stateBytesMax: frameBytesMax + 256,
  // Length and checksum follow from the text; the bed is letters and digits, so nothing hides in it.
  transmits: {
    acknowledge: /06/,
    greet: /01303030333102312f312f313e41444d494e3a414c49564503303030363104/,
    'greet, stuffed': /01303030333102312f312f313e4145584d494e3a414c4956454503303030363104/,
    'get all':
      /01(?:3\d){5}02(?:3\d|[46][1-9a-f]|[57][\da]){1,16}2f312f313e4d454d3a47455403(?:3\d){5}04/,
    'get all, stuffed':
      /01(?:3\d){5}02(?:3\d|[46][1-9a-f]|[57][\da]){1,32}2f312f313e4d45454d3a4745455403(?:3\d){5}04/,
  },

  step(state, chunk) {
    const bytes = state.held.length === 0 ? chunk : Buffer.concat([state.held, chunk]);
    const records: DeviceRecord[] = [];
    const reply: number[] = [];
    let { bed, isStuffed, unanswered } = state;
    let discardedBytes = 0;
    let offset = 0;

    while (offset < bytes.length) {
      if (bytes[offset] === ACK || bytes[offset] === NAK) {
        offset += 1;
        continue;
      }
      const end = endOfFrame(bytes, offset);
      if (end === 'more') break;
      const frame = end === 'no' ? undefined : readFrame(bytes.subarray(offset, end + 1));
      if (end === 'no' || !frame) {
        discardedBytes += 1;
        offset += 1;
        continue;
      }
      offset = end + 1;
      if (frame.records) {
        records.push(...frame.records);
        reply.push(ACK);
        bed = bedForm.test(frame.bed) ? frame.bed : bed;
        isStuffed = frame.isStuffed;
        unanswered = 0;
      }
    }
    const held = Uint8Array.from(bytes.subarray(offset));
    const { askedAt } = state;
    return {
      state: { held, bed, isStuffed, askedAt, unanswered },
      records,
      reply: Uint8Array.from(reply),
      discardedBytes,
    };
  },

  finish(state) {
    return readOn(this.step, state);
  },

  speak(state, at) {
    const { askedAt, bed, isStuffed } = state;
    const isDue = askedAt === undefined || at - askedAt >= askEveryMs || at < askedAt;
    if (!isDue) return { state, bytes: noBytes };
    const isKnown = bed !== undefined && state.unanswered < unansweredMax;
    // A station that never answered may expect the other spelling: the two take turns.
    const bytes = isKnown
      ? toFrame(`${bed}/1/1>MEM:GET`, isStuffed)
      : toFrame('1/1/1>ADMIN:ALIVE', state.unanswered % 2 === 1);
    const unanswered =
      state.unanswered < 2 * unansweredMax ? state.unanswered + 1 : state.unanswered - 1;
    return { state: { ...state, askedAt: at, unanswered }, bytes };
  },

  mask: (capture, mask) =>
    scanFrames(capture, (offset) => {
      const first = capture[offset];
      if (first === ACK || first === NAK) {
        return { end: offset + 1, bytes: capture.subarray(offset, offset + 1) };
      }
      const last = endOfFrame(capture, offset);
      if (typeof last !== 'number') return undefined;
      const bytes = maskFrame(capture.subarray(offset, last + 1), mask);
      return bytes && { end: last + 1, bytes };
    }),
});

const bedForm = new RegExp(`^[A-Za-z0-9]{1,${bedCharactersMax}}$`);

/** Where the EOT of the frame at `start` stands; or more bytes are needed, or it is no frame. */
function endOfFrame(bytes: Uint8Array, start: number): number | 'more' | 'no' {
  for (let index = 0; index < headBytes; index += 1) {
    const byte = bytes[start + index];
    if (byte === undefined) return 'more';
    const isExpected =
      index === 0 ? byte === SOH : index === headBytes - 1 ? byte === STX : isDigit(byte);
    if (!isExpected) return 'no';
  }
  for (let index = headBytes; index < frameBytesMax; index += 1) {
    const byte = bytes[start + index];
    if (byte === undefined) return 'more';
    if (byte === EOT) return start + index;
    if (byte < 0x20 && byte !== RS && byte !== ETX && byte !== ETB) return 'no';
  }
  return 'no';
}

interface Frame {
  readonly bed: string;
  readonly isStuffed: boolean;
  /** Missing from a request, which a tap on the cable may show as well. */
  readonly records?: readonly DeviceRecord[] | undefined;
}

/** A frame counts with its length and its checksum, as it came or after taking back the stuffing. */
function readFrame(bytes: Uint8Array): Frame | undefined {
  const plain = Buffer.from(bytes).toString('latin1');
  const isStuffed = !isIntact(plain);
  const frame = isStuffed ? plain.replace(/e([xe])|E([XE])/g, unstuffed) : plain;
  if (isStuffed && !isIntact(frame)) return undefined;
  const text = Buffer.from(frame.slice(headBytes, -tailBytes), 'latin1').toString('utf8');
  const [, bed, payload] = /^([^/>]{1,64})\/[^>]{1,16}>(.*)$/s.exec(text) ?? [];
  if (bed === undefined || payload === undefined) return undefined;
  if (/^[A-Z]+:[A-Z0-9#]+$/.test(payload)) return { bed, isStuffed };
  const records = readQuadruples(payload);
  return records && { bed, isStuffed, records };
}

function unstuffed(_: string, small: string | undefined, capital: string | undefined): string {
  if (small !== undefined) return small === 'x' ? 'd' : 'e';
  return capital === 'X' ? 'D' : 'E';
}

/** `LLLLL` counts the whole frame; `CCCCC` is the sum of all up to ETX or ETB, modulo 256. */
function isIntact(frame: string): boolean {
  const end = frame.charCodeAt(frame.length - tailBytes);
  if (end !== ETX && end !== ETB) return false;
  const length = frame.slice(1, headBytes - 1);
  const checksum = frame.slice(1 - tailBytes, -1);
  if (!/^\d{5}$/.test(checksum) || Number(length) !== frame.length) return false;
  return Number(checksum) === sumOf(frame.slice(0, 1 - tailBytes));
}

function sumOf(text: string): number {
  return Buffer.from(text, 'latin1').reduce((sum, byte) => (sum + byte) & 0xff, 0);
}

/** The bed and every value but a pump's rate are masked: what the others mean is not public. */
function maskFrame(bytes: Uint8Array, mask: Mask): Uint8Array | undefined {
  const frame = readFrame(bytes);
  if (!frame) return undefined;
  const wire = Buffer.from(bytes).toString('latin1');
  const plain = frame.isStuffed ? wire.replace(/e([xe])|E([XE])/g, unstuffed) : wire;
  const terminator = plain.charCodeAt(plain.length - tailBytes);
  const text = plain.slice(headBytes, -tailBytes);
  const bed = text.slice(0, text.indexOf('/'));
  const masked = text
    .slice(bed.length)
    .split(String.fromCharCode(RS))
    .map((row) =>
      row.replace(
        /^([^,]*,[^,]*,)([A-Z][A-Z0-9]*),(.*)$/s,
        (_, front: string, name: string, value: string) =>
          `${front}${name},${isHarmless(name, value) ? value : mask.text(value)}`,
      ),
    )
    .join(String.fromCharCode(RS));
  const head = plain.slice(0, headBytes);
  const body = `${head}${mask.text(bed)}${masked}${String.fromCharCode(terminator)}`;
  const whole = `${body}${String(sumOf(body)).padStart(5, '0')}\x04`;
  const stuffed = whole.replace(/[deDE]/g, (one) => stuffing[one] ?? one);
  return Buffer.from(frame.isStuffed ? stuffed : whole, 'latin1');
}

const stuffing: Readonly<Record<string, string>> = { d: 'ex', D: 'EX', e: 'ee', E: 'EE' };

function isHarmless(name: string, value: string): boolean {
  return value === '' || marks.has(value) || (units.has(name) && /^[\d.-]{1,8}$/.test(value));
}

/** Seconds since the station started, place, parameter, value. */
const quadrupleForm = /^\d{1,10},501([0-3][0-9A-O]),([A-Z][A-Z0-9]{0,15})(?:,(.*))?$/s;

/** What is read of a pump: its rate. What the other parameters mean is not public. */
const units: ReadonlyMap<string, string> = new Map([['INRT', 'mL/h']]);

const marks: ReadonlyMap<string | undefined, AbsentReason> = new Map([
  [undefined, 'unknown'],
  ['', 'unknown'],
  ['_NV', 'not-measured'],
  ['_NA', 'unsupported'],
]);

/** One record for the part of an answer; undefined when a quadruple has not its form. */
function readQuadruples(payload: string): readonly DeviceRecord[] | undefined {
  const fields: Record<string, FieldValue> = {};
  for (const quadruple of payload.split(String.fromCharCode(RS))) {
    const [, place, parameter, value] = quadrupleForm.exec(quadruple) ?? [];
    if (place === undefined || parameter === undefined) return undefined;
    const unit = units.get(parameter);
    if (unit === undefined) continue;
    const absent = marks.get(value);
    fields[`${parameter}@${place}`] = absent ? { absent } : { value: value ?? '', unit };
  }
  return Object.keys(fields).length > 0 ? [{ fields }] : [];
}

function toFrame(text: string, isStuffed: boolean): Uint8Array {
  const length = String(headBytes + text.length + tailBytes).padStart(5, '0');
  const front = `\x01${length}\x02${text}\x03`;
  const frame = `${front}${String(sumOf(front)).padStart(5, '0')}\x04`;
  return Uint8Array.from(Buffer.from(isStuffed ? frame.replace(/[deDE]/g, stuffed) : frame));
}

function stuffed(letter: string): string {
  if (letter === 'd' || letter === 'e') return letter === 'd' ? 'ex' : 'ee';
  return letter === 'D' ? 'EX' : 'EE';
}

function isDigit(byte: number): boolean {
  return byte >= 0x30 && byte <= 0x39;
}
