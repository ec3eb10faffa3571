import { isUtf8 } from 'node:buffer';
import { maskAstm } from '../core/laboratory/astm-mask.ts';
import {
  isManufacturersRecord,
  recordLinesOf,
  startsMessage,
  startsRecord,
} from '../core/laboratory/fields.ts';
import {
  type LaboratoryMessage,
  laboratoryMessageCharactersMax,
  readLaboratoryRecord,
} from '../core/laboratory/record.ts';
import { brokenOff, type DeviceRecord, defineProtocol } from '../core/protocol.ts';

const STX = 0x02;
const ETX = 0x03;
const EOT = 0x04;
const ENQ = 0x05;
const ACK = 0x06;
const TAB = 0x09;
const LF = 0x0a;
const CR = 0x0d;
const NAK = 0x15;
const ETB = 0x17;

/** The standard allows 240 characters; real analysers send a whole histogram in one frame. */
const frameCharactersMax = 64 * 1024;
/** A record joined from several frames. */
const recordCharactersMax = 64 * 1024;

interface State {
  readonly phase: 'between' | 'text' | 'checksum';
  /** An ENQ was acknowledged and no EOT has come since. */
  readonly isSession: boolean;
  /** The frame in flight, from its number on, as Latin-1; its length and sum hold for a damaged one too. */
  readonly text: string;
  readonly length: number;
  readonly sum: number;
  readonly isDamaged: boolean;
  readonly terminator: number;
  readonly checksum: string;
  /** The last frame that was acknowledged, to know it again when the acknowledgement was lost. */
  readonly last: { readonly number: number; readonly fingerprint: number } | undefined;
  /** The beginning of a record that goes on in the next frame. */
  readonly partial: string;
  readonly message: LaboratoryMessage | undefined;
}

/** The state while a chunk is read, with what the chunk led to. */
type Reader = { -readonly [Key in keyof State]: State[Key] } & {
  readonly records: DeviceRecord[];
  readonly reply: number[];
  discardedBytes: number;
  clockTime: string | undefined;
};

/**
 * Laboratory and point-of-care analysers: the link of ASTM E1381 (CLSI LIS01-A2) with the records
 * of ASTM E1394 (LIS2-A2). Each result record is one device record; its field is the test's code,
 * followed by `^` and the specimen type where that is neither serum nor plasma.
 *
 * A frame counts only with its checksum: one without, or with a wrong one, is refused. So is a
 * frame whose content cannot be placed: the analyser then repeats it, or the message, and no result
 * reaches the wrong patient. Inside a session (ENQ to EOT) frame numbers are strict. Outside one,
 * as after a restart in mid-transfer or in a recorded transcript, a message is taken from its
 * header on, and where a number was skipped the records' own sequence numbers must be complete.
 *
 * A result is acknowledged with its record, so a comment in a later frame comes too late for it.
 */
export default defineProtocol<State>({
  id: 'astm-e1381',
  // As JSON, a character of a frame or record takes two at most; 1 KiB is for all the rest.
  stateBytesMax:
    2 * (frameCharactersMax + recordCharactersMax + laboratoryMessageCharactersMax) + 1_024,
  transmits: { acknowledge: /06/, refuse: /15/ },
  start: {
    phase: 'between',
    isSession: false,
    text: '',
    length: 0,
    sum: 0,
    isDamaged: false,
    terminator: 0,
    checksum: '',
    last: undefined,
    partial: '',
    message: undefined,
  },

  step(before, chunk) {
    const bytes = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
    const reader: Reader = {
      ...before,
      records: [],
      reply: [],
      discardedBytes: 0,
      clockTime: undefined,
    };
    let index = 0;
    while (index < bytes.length) {
      if (reader.phase === 'text') index = readText(reader, bytes, index);
      else if (reader.phase === 'checksum') index = readChecksum(reader, bytes, index);
      else index = readBetween(reader, bytes, index);
    }
    const { records, reply, discardedBytes, clockTime, ...state } = reader;
    return { state, records, reply: Uint8Array.from(reply), discardedBytes, clockTime };
  },

  finish({ phase, isDamaged, length, partial }) {
    // STX and what came of its frame, unless they were counted as damage.
    const isCut = phase !== 'between' && !isDamaged;
    return brokenOff(partial.length + (isCut ? 1 + length : 0));
  },

  mask: maskAstm,
});

/** Each reader takes at least one byte or leaves its phase, and returns where the next one begins. */
function readBetween(reader: Reader, bytes: Buffer, index: number): number {
  const byte = bytes[index];
  if (byte === STX) beginFrame(reader);
  else if (byte === ENQ || byte === EOT) {
    reader.discardedBytes += reader.partial.length;
    reader.partial = '';
    reader.message = undefined;
    reader.last = undefined;
    reader.isSession = byte === ENQ;
    if (byte === ENQ) reader.reply.push(ACK);
  } else if (byte !== CR && byte !== LF && byte !== ACK && byte !== NAK) {
    reader.discardedBytes += 1;
  }
  return index + 1;
}

function readText(reader: Reader, bytes: Buffer, index: number): number {
  let end = index;
  let { sum } = reader;
  for (; end < bytes.length; end += 1) {
    const byte = bytes[end] ?? 0;
    if (!isText(byte)) break;
    sum = (sum + byte) & 0xff;
  }
  reader.sum = sum;
  if (end > index) appendText(reader, bytes.toString('latin1', index, end));
  const control = bytes[end];
  if (control === undefined) return end;
  if (control === ETX || control === ETB) {
    reader.sum = (sum + control) & 0xff;
    reader.terminator = control;
    reader.phase = 'checksum';
    takeBytes(reader, 1);
  } else if (control === STX || control === ENQ || control === EOT) {
    abandonFrame(reader);
    return end;
  } else {
    takeBytes(reader, 1);
    damageFrame(reader);
  }
  return end + 1;
}

function readChecksum(reader: Reader, bytes: Buffer, index: number): number {
  const digit = String.fromCharCode(bytes[index] ?? 0);
  if (!/^[0-9A-Fa-f]$/.test(digit)) {
    abandonFrame(reader);
    reader.reply.push(NAK);
    return index;
  }
  reader.checksum += digit;
  takeBytes(reader, 1);
  if (reader.checksum.length < 2) return index + 1;

  const isIntact = !reader.isDamaged && Number.parseInt(reader.checksum, 16) === reader.sum;
  if (isIntact && acceptFrame(reader)) {
    reader.reply.push(ACK);
    reader.phase = 'between';
  } else {
    abandonFrame(reader);
    reader.reply.push(NAK);
  }
  reader.text = '';
  return index + 1;
}

function isText(byte: number): boolean {
  return (byte >= 0x20 && byte !== 0x7f) || byte === CR || byte === LF || byte === TAB;
}

function beginFrame(reader: Reader): void {
  reader.phase = 'text';
  reader.text = '';
  reader.length = 0;
  reader.sum = 0;
  reader.isDamaged = false;
  reader.terminator = 0;
  reader.checksum = '';
}

function appendText(reader: Reader, text: string): void {
  takeBytes(reader, text.length);
  if (reader.length > frameCharactersMax) damageFrame(reader);
  if (!reader.isDamaged) reader.text += text;
}

function takeBytes(reader: Reader, count: number): void {
  reader.length += count;
  if (reader.isDamaged) reader.discardedBytes += count;
}

/** From here on the frame is lost, whatever follows: its bytes are counted as they come. */
function damageFrame(reader: Reader): void {
  if (reader.isDamaged) return;
  reader.isDamaged = true;
  reader.discardedBytes += 1 + reader.length;
  reader.text = '';
}

function abandonFrame(reader: Reader): void {
  damageFrame(reader);
  reader.phase = 'between';
}

/** True when the frame is kept or was kept before; false leaves everything as it was. */
function acceptFrame(reader: Reader): boolean {
  const { text, last, message, isSession } = reader;
  const number = '01234567'.indexOf(text.charAt(0));
  if (number === -1 || text === '') return false;
  const content = text.slice(1);
  const fingerprint = fingerprintOf(content);
  if (last?.number === number && last.fingerprint === fingerprint) return true;

  const isStart = reader.partial === '' && startsMessage(content);
  const isBetweenMessages = message === undefined || message.isEnded;
  if (isBetweenMessages && !isStart) return false;
  const expected = last ? (last.number + 1) % 8 : 1;
  // LIS01-A2 6.3.1.1: from 1, one more each time. Some analysers begin anew with each message.
  const isInOrder =
    number === expected ||
    (isStart && isBetweenMessages) ||
    // Histograms are numbered apart by some (Horiba), and say nothing of a result.
    (reader.partial === '' && isManufacturersRecord(content, message?.delimiters));
  if (isSession && !isInOrder) return false;
  const hasGap = !(isInOrder || isStart);
  if (hasGap && !startsRecord(content, message?.delimiters)) return false;
  return acceptRecords(reader, content, hasGap) && remember(reader, number, fingerprint);
}

function remember(reader: Reader, number: number, fingerprint: number): true {
  reader.last = { number, fingerprint };
  return true;
}

/** Reads the records that are complete now. All of them count, or none. */
function acceptRecords(reader: Reader, content: string, hasGap: boolean): boolean {
  const isStart = reader.partial === '' && startsMessage(content);
  const joined = hasGap ? content : reader.partial + content;
  const lines = recordLinesOf(joined, isStart ? joined.charAt(1) : reader.message?.delimiters[0]);
  const rest = reader.terminator === ETX ? '' : (lines.pop() ?? '');
  // Histograms and reagent lots run to many frames, and say nothing of a result.
  const partial = /^[MQS]/.test(rest) ? rest.charAt(0) : rest;
  if (partial.length > recordCharactersMax) return false;

  let { message } = reader;
  if (message && hasGap) message = { ...message, hasGap };
  let discardedBytes = hasGap ? reader.partial.length : 0;
  const records: DeviceRecord[] = [];
  let isCommentable = false;
  for (const line of lines) {
    if (line === '') continue;
    const reading = readLaboratoryRecord(message, toUnicode(line));
    if (reading === 'unreadable') return false;
    if (reading === 'unknown') {
      discardedBytes += line.length;
      continue;
    }
    message = reading.message;
    const { record, comment } = reading;
    const result = isCommentable ? records.pop() : undefined;
    if (result) records.push(comment === undefined ? result : withNote(result, comment));
    if (record) records.push(record);
    isCommentable = record !== undefined || (isCommentable && comment !== undefined);
  }
  if (isStart) reader.clockTime = message?.time;
  reader.message = message;
  reader.partial = partial;
  reader.records.push(...records);
  reader.discardedBytes += discardedBytes;
  return true;
}

function withNote(record: DeviceRecord, comment: string): DeviceRecord {
  return { ...record, note: record.note === undefined ? comment : `${record.note}\n${comment}` };
}

const notAscii = /[\u0080-\u00ff]/;

/** Analysers write Latin-1 or UTF-8 and do not say which; what is valid UTF-8 is hardly Latin-1. */
function toUnicode(latin1: string): string {
  if (!notAscii.test(latin1)) return latin1;
  const bytes = Buffer.from(latin1, 'latin1');
  return isUtf8(bytes) ? bytes.toString('utf8') : latin1;
}

/** FNV-1a, 32 bits: enough to tell a repetition from the next frame of an analyser that miscounts. */
function fingerprintOf(text: string): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < text.length; index += 1) {
    hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193);
  }
  return hash >>> 0;
}
