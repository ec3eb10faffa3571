import { isUtf8 } from 'node:buffer';
import { type DeviceRecord, defineProtocol, type Protocol } from '../protocol.ts';
import { acknowledgeHl7 } from './acknowledgement.ts';
import { type Hl7Message, readHl7Message } from './message.ts';

const VT = 0x0b;
const FS = 0x1c;
const CR = 0x0d;
const LF = 0x0a;
const TAB = 0x09;

/** A spot-check monitor sends 2 KB, a gateway with a day of trends some 100 KB. */
const messageCharactersMax = 256 * 1024;
/** What is kept of a message that is lost, so that its sender can be told which one. */
const lostHeaderCharactersMax = 1_024;

interface State {
  /**
   * `framed`: behind VT. `bare`: a message without a frame, from its header on. `ending`: behind
   * FS, where CR must follow. `lost`: damaged, skipped to its end.
   */
  readonly phase: 'between' | 'framed' | 'bare' | 'ending' | 'lost';
  /** Whole segments of the message in flight and the one being read, as Latin-1. */
  readonly segments: string;
  readonly segment: string;
  /** Characters of the message in flight, kept or not. */
  readonly length: number;
  readonly isDamaged: boolean;
  /** What stands here begins a line: a header without a frame may follow. */
  readonly isLineStart: boolean;
}

/** The state while a chunk is read, with what the chunk led to. */
type Reader = { -readonly [Key in keyof State]: State[Key] } & {
  readonly receive: Receiver;
  readonly records: DeviceRecord[];
  readonly replies: string[];
  discardedBytes: number;
  clockTime: string | undefined;
};

/** What one message came to, and what its sender is told once that is on disk. */
export interface MllpAnswer {
  readonly records: readonly DeviceRecord[];
  readonly reply: string;
  /** What the sender's clock showed when it sent. */
  readonly clockTime?: string | undefined;
  /** All of it where undefined. */
  readonly discardedBytes?: number;
}

/**
 * Reads one whole message that is no acknowledgement. `answered` is its header with the bytes it was
 * sent in: the answer repeats them, in whatever character set they are.
 */
type Receiver = (message: Hl7Message, answered: Hl7Message | undefined) => MllpAnswer;

/**
 * HL7 v2 over MLLP (HL7 v2 Transport Specification: MLLP, release 1): `VT message FS CR`. A message
 * without a frame, as interface logs hold them, ends where the next header begins.
 *
 * Each message is answered: AA once what it led to is on disk, AE when it lacks what must be there,
 * AR when it is damaged or of a kind that is not taken here. MSA-2 is its MSH-10, to the letter. An
 * acknowledgement is never acknowledged.
 */
export function defineMllpProtocol(id: string, receive: Receiver): Protocol<State> {
  return defineProtocol<State>({
    id,
    needsTls: true,
    // As JSON, a character takes two at most: controls other than CR, LF and TAB are never held.
    stateBytesMax: 2 * messageCharactersMax + 512,
    transmits: {
      // VT MSH ... CR MSA|Ax|... CR and perhaps ERR CR, FS CR; no other control inside.
      acknowledge: messageOf('4141'),
      error: messageOf('4145'),
      reject: messageOf('4152'),
    },
    start,

    step(before, chunk) {
      const bytes = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
      const reader = readerOf(before, receive);
      let index = 0;
      while (index < bytes.length) {
        if (reader.phase === 'between') index = readBetween(reader, bytes, index);
        else if (reader.phase === 'ending') index = readEnding(reader, bytes, index);
        else index = readMessage(reader, bytes, index);
      }
      const { records, replies, discardedBytes, clockTime, receive: _, ...state } = reader;
      const reply = Buffer.from(replies.join(''), 'latin1');
      return { state, records, reply, discardedBytes, clockTime };
    },

    finish(state) {
      const reader = readerOf(state, receive);
      // FS ends a message; the CR behind it may have been cut from a file.
      if (reader.phase === 'ending') completeMessage(reader);
      else endBare(reader);
      return { records: reader.records, discardedBytes: reader.discardedBytes };
    },
  });
}

const start: State = {
  phase: 'between',
  segments: '',
  segment: '',
  length: 0,
  isDamaged: false,
  isLineStart: true,
};

function readerOf(state: State, receive: Receiver): Reader {
  return { ...state, receive, records: [], replies: [], discardedBytes: 0, clockTime: undefined };
}

/** In hexadecimal: the separators are the sender's own, so any mark may stand in their place. */
function messageOf(code: string): RegExp {
  const mark = '[2-7][0-9a-f]';
  const text = '(?:[2-9a-f][0-9a-f]|09)*';
  return new RegExp(
    `0b4d5348(?:${mark}){4}${text}41434b${text}0d4d5341${mark}${code}${mark}${text}0d(?:455252${mark}${text}0d)?1c0d`,
  );
}

/** Each reader takes at least one byte or leaves its phase, and returns where the next one begins. */
function readBetween(reader: Reader, bytes: Buffer, index: number): number {
  const byte = bytes[index] ?? 0;
  if (byte === VT) beginMessage(reader, 'framed', 1);
  else if (byte === CR || byte === LF) reader.isLineStart = true;
  else if (reader.isLineStart && byte === 0x4d) {
    beginMessage(reader, 'bare', 0);
    return index;
  } else {
    reader.discardedBytes += 1;
    reader.isLineStart = false;
  }
  return index + 1;
}

function beginMessage(reader: Reader, phase: 'framed' | 'bare', length: number): void {
  reader.phase = phase;
  reader.segments = '';
  reader.segment = '';
  reader.length = length;
  reader.isDamaged = false;
}

function readMessage(reader: Reader, bytes: Buffer, index: number): number {
  let end = index;
  while (end < bytes.length && isText(bytes[end] ?? 0)) end += 1;
  if (end > index) takeText(reader, bytes.toString('latin1', index, end));
  const control = bytes[end];
  if (control === undefined) return end;
  if (control === VT) {
    // Cut off in the middle; or, without a frame, whole: the frame of the next one ends it.
    endBare(reader);
    return end;
  }
  reader.length += 1;
  if (control === FS) reader.phase = 'ending';
  else if (control !== CR && control !== LF) damage(reader);
  else endSegment(reader, String.fromCharCode(control));
  return end + 1;
}

function isText(byte: number): boolean {
  return (byte >= 0x20 && byte !== 0x7f) || byte === TAB;
}

function takeText(reader: Reader, text: string): void {
  reader.length += text.length;
  if (reader.isDamaged) return;
  reader.segment += text;
  if (reader.segments.length + reader.segment.length > messageCharactersMax) damage(reader);
  // Without a frame only a header makes noise a message.
  else if (reader.phase === 'bare' && reader.segments === '') {
    const head = reader.segment.slice(0, 3);
    if (!'MSH'.startsWith(head)) loseMessage(reader);
  }
}

function endSegment(reader: Reader, terminator: string): void {
  const { segment } = reader;
  if (reader.isDamaged) return;
  if (reader.phase === 'bare' && reader.segments !== '' && segment.startsWith('MSH')) {
    const length = segment.length + 1;
    reader.length -= length;
    completeMessage(reader);
    beginMessage(reader, 'bare', length);
  } else if (reader.phase === 'bare' && segment.length < 3 && reader.segments === '') {
    loseMessage(reader);
    reader.isLineStart = true;
    return;
  }
  // Blank lines say nothing, and would grow without end.
  if (segment !== '') reader.segments += segment + terminator;
  reader.segment = '';
}

/** From here on the message is lost; its header is kept to tell its sender so. */
function damage(reader: Reader): void {
  if (reader.isDamaged) return;
  const [header = ''] = (reader.segments + reader.segment).split(/[\r\n]/);
  reader.isDamaged = true;
  reader.segments = header.slice(0, lostHeaderCharactersMax);
  reader.segment = '';
  if (reader.phase === 'bare') loseMessage(reader);
}

/**
 * Within a frame only FS ends a message. Without one, the last segment may have no terminator, but
 * a value must: `12` could be the beginning of `120`. An OBX is whole from OBX-11 on.
 */
function endBare(reader: Reader): void {
  const { phase, segments, segment } = reader;
  const isCut = segment.startsWith('OBX') && segment.split(segments.charAt(3)).length <= 11;
  if (phase === 'bare' && segments !== '' && !isCut) completeMessage(reader);
  else loseMessage(reader);
}

/** A message ends with FS CR. Some senders leave out the CR and go on with the next frame. */
function readEnding(reader: Reader, bytes: Buffer, index: number): number {
  const byte = bytes[index];
  if (byte === CR || byte === LF) {
    reader.length += 1;
    completeMessage(reader);
    return index + 1;
  }
  if (byte === VT) completeMessage(reader);
  else {
    // FS inside a text: what stood before it is not the whole.
    reader.phase = 'framed';
    damage(reader);
  }
  return index;
}

function loseMessage(reader: Reader): void {
  reader.discardedBytes += reader.length;
  reader.phase = 'between';
  reader.segments = '';
  reader.segment = '';
  reader.length = 0;
  reader.isLineStart = false;
}

function completeMessage(reader: Reader): void {
  const text = reader.segments + reader.segment;
  const answer = reader.isDamaged ? damaged(text) : answerOf(reader, text);
  reader.records.push(...answer.records);
  reader.replies.push(answer.reply);
  reader.clockTime = answer.clockTime ?? reader.clockTime;
  reader.discardedBytes += Math.min(reader.length, answer.discardedBytes ?? reader.length);
  reader.phase = 'between';
  reader.segments = '';
  reader.segment = '';
  reader.length = 0;
  reader.isLineStart = true;
}

function damaged(header: string): MllpAnswer {
  const message = readHl7Message(header);
  return { records: [], reply: acknowledgeHl7(message, 'AR', '207^Internal error') };
}

function answerOf({ receive }: Reader, latin1: string): MllpAnswer {
  const message = readHl7Message(toUnicode(latin1));
  if (!message) {
    return { records: [], reply: acknowledgeHl7(undefined, 'AR', '100^Segment sequence error') };
  }
  if (message.type === 'ACK') return { records: [], reply: '', discardedBytes: 0 };
  const header = latin1.split(/[\r\n]/).find((line) => line !== '') ?? '';
  return receive(message, readHl7Message(header));
}

const notAscii = /[\u0080-\u00ff]/;

/** MSH-18 is often wrong; what is valid UTF-8 is hardly Latin-1. */
function toUnicode(latin1: string): string {
  if (!notAscii.test(latin1)) return latin1;
  const bytes = Buffer.from(latin1, 'latin1');
  return isUtf8(bytes) ? bytes.toString('utf8') : latin1;
}
