import { maskMedibus } from '../core/medibus/mask.ts';
import {
  type MedibusDevice,
  medibusHexByte,
  readMedibusResponse,
} from '../core/medibus/response.ts';
import type { Instant } from '../core/observation.ts';
import { brokenOff, type DeviceRecord, defineProtocol, noBytes } from '../core/protocol.ts';

const SOH = 0x01;
const CR = 0x0d;
const DC1 = 0x11;
const DC3 = 0x13;
const ESC = 0x1b;

/** A device with all of its codes sends about 1 500 characters. */
const frameBytesMax = 4_096;
/** Start, code, two digits of the sum. The carriage return is not kept. */
const frameBytesMin = 4;
/** By code: two hexadecimal digits. */
const alarmsMax = 256;

interface State extends MedibusDevice {
  readonly held: Uint8Array;
  /** The frame is longer than any: what is left of it is damage. */
  readonly isOverlong: boolean;
  /** The first byte of a pair in the realtime data, which run between the others. */
  readonly realtime: number | undefined;
  /** The place in the round of questions, and when the last one was asked, in ms. */
  readonly next: number;
  readonly askedAt: number | undefined;
  /** When anything was last said, in ms. */
  readonly saidAt: number | undefined;
}

/** Each is one whole command, or the echo that answers one; none carries an argument that sets. */
const transmits = {
  'initialise communication': /1b5136430d/,
  'request device identification': /1b5236440d/,
  'request measured data': /1b2433460d|1b2b34360d/,
  'request alarms': /1b2734320d|1b2e34390d/,
  'request device setting': /1b2934340d/,
  'request text messages': /1b2a34350d/,
  'request date and time': /1b2834330d/,
  'no operation': /1b3034420d/,
  'echo of a command': /01(?:2[3-9a-e]|30|49|4a|5[1-6])(?:3[0-9]|4[1-6]){2}0d/,
} as const;

/**
 * Dräger's MEDIBUS (RS 232, revision 6.00) of ventilators and anaesthesia machines. The gateway
 * initialises the communication, then asks one question a second in turn; the device ends it after
 * 3 s of silence and may itself ask. Slow data are characters with bit 7 clear; realtime data have
 * it set and may stand between any two of them.
 */
export default defineProtocol<State>({
  id: 'draeger-medibus',
  start: {
    held: noBytes,
    isOverlong: false,
    realtime: undefined,
    alarms: [[], []],
    isTest: false,
    isOpen: false,
    isAnswered: false,
    next: 0,
    askedAt: undefined,
    saidAt: undefined,
  },
  stateBytesMax: frameBytesMax + 2 * alarmsMax * 40 + 512,
  transmits,

  step(state, chunk) {
    const reader = new Reader(state);
    for (const byte of chunk) reader.take(byte);
    return reader.result();
  },

  finish: ({ held, realtime }) => brokenOff(held.length + (realtime === undefined ? 0 : 1)),

  speak(state, at) {
    const { bytes, ...said } = nextSaid(state, at);
    return { state: { ...state, ...said }, bytes };
  },

  mask: maskMedibus,
});

/** Reads byte by byte. Lives for one chunk. */
class Reader {
  #state: State;
  #frame: number[];
  #records: DeviceRecord[] = [];
  #reply: number[] = [];
  #discardedBytes = 0;
  #pending: number | undefined;

  constructor(state: State) {
    this.#state = state;
    this.#pending = state.realtime;
    this.#frame = [...state.held];
  }

  take(byte: number): void {
    if (byte >= 0x80) this.#realtime(byte);
    else if (byte === SOH || byte === ESC) this.#begin(byte);
    else if (byte === DC1 || byte === DC3) return;
    else if (this.#state.isOverlong || this.#frame.length === 0) this.#discardedBytes += 1;
    else if (byte === CR) this.#end();
    else if (this.#frame.length >= frameBytesMax) {
      this.#discardedBytes += this.#frame.length + 1;
      this.#frame = [];
      this.#state = { ...this.#state, isOverlong: true };
    } else this.#frame.push(byte);
  }

  result() {
    return {
      state: {
        ...this.#state,
        held: Uint8Array.from(this.#frame),
        realtime: this.#pending,
      },
      records: this.#records,
      reply: Uint8Array.from(this.#reply),
      discardedBytes: this.#discardedBytes,
    };
  }

  /**
   * Sync bytes (D), then pairs: a sync command and its argument (C), or the low and the high 6 bits
   * of a sample (8 to B). They carry no sum and do not say what they measure, so they are taken out
   * of the way and no value is made of them.
   */
  #realtime(byte: number): void {
    const first = this.#pending;
    const kind = byte >> 4;
    const isPair = first !== undefined && isCommand(first) === isCommand(byte) && kind < 0xd;
    if (isPair) this.#pending = undefined;
    else {
      if (first !== undefined) this.#discardedBytes += 1;
      if (kind > 0xd) this.#discardedBytes += 1;
      this.#pending = kind < 0xd ? byte : undefined;
    }
  }

  #begin(byte: number): void {
    this.#discardedBytes += this.#frame.length;
    this.#frame = [byte];
    this.#state = { ...this.#state, isOverlong: false };
  }

  #end(): void {
    const frame = Buffer.from(this.#frame);
    this.#frame = [];
    const read = isSumRight(frame) ? this.#read(frame) : undefined;
    if (read === undefined) {
      this.#discardedBytes += frame.length + 1;
      return;
    }
    this.#state = { ...this.#state, ...read.state };
    if (read.record) this.#records.push(read.record);
    this.#reply.push(...(read.reply ?? []));
  }

  #read(frame: Buffer): Read | undefined {
    const code = frame.readUInt8(1);
    const data = frame.toString('latin1', 2, frame.length - 2);
    return frame[0] === ESC ? readCommand(code) : readMedibusResponse(code, data, this.#state);
  }
}

function isCommand(byte: number): boolean {
  return byte >> 4 === 0xc;
}

interface Read {
  readonly state?: Partial<State>;
  readonly record?: DeviceRecord | undefined;
  readonly reply?: readonly number[];
}

/** Two upper-case hexadecimal digits of everything before them, modulo 256. */
function isSumRight(frame: Buffer): boolean {
  if (frame.length < frameBytesMin) return false;
  const sum = frame.subarray(0, -2).reduce((total, byte) => (total + byte) & 0xff, 0);
  return frame.toString('latin1', frame.length - 2) === medibusHexByte(sum);
}

const initialise = 0x51;
const stop = 0x55;
/** Everything the interface defines. Another code is answered by nobody. */
const commands = new Set([
  ...[0x23, 0x24, 0x25, 0x26, 0x27, 0x28, 0x29, 0x2a, 0x2b, 0x2c, 0x2d, 0x2e, 0x30],
  ...[0x49, 0x4a, initialise, 0x52, 0x53, 0x54, stop, 0x56],
]);

/** The echo alone, without data, answers every command: the gateway has none to give. */
function readCommand(code: number): Read {
  if (!commands.has(code)) return {};
  const reply = [SOH, code, ...Buffer.from(medibusHexByte((SOH + code) & 0xff), 'latin1'), CR];
  if (code === initialise) return { reply, state: { isOpen: true } };
  return code === stop ? { reply, state: { isOpen: false } } : { reply };
}

/** The round of questions. Measured data come every second time. */
const round = [0x24, 0x27, 0x24, 0x2e, 0x24, 0x2b, 0x24, 0x29, 0x24, 0x2a, 0x24, 0x28].map(
  commandOf,
);
const initialiseCommand = commandOf(initialise);
const identifyCommand = commandOf(0x52);
const noOperation = commandOf(0x30);
/** The device waits 3 s for anything at all, and takes up to 10 s to answer. */
const silenceMsMax = 2_000;
const answerMsMax = 10_000;

function commandOf(code: number): Uint8Array {
  const sum = medibusHexByte((ESC + code) & 0xff);
  return Uint8Array.from([ESC, code, ...Buffer.from(sum, 'latin1'), CR]);
}

type Said = Pick<State, 'isOpen' | 'isAnswered' | 'next' | 'askedAt' | 'saidAt'> & {
  readonly bytes: Uint8Array;
};

function nextSaid(state: State, at: Instant): Said {
  const { isOpen, isAnswered, next, askedAt, saidAt } = state;
  const sinceAsked = askedAt === undefined ? Number.POSITIVE_INFINITY : at - askedAt;
  const sinceSaid = saidAt === undefined ? Number.POSITIVE_INFINITY : at - saidAt;
  const isWaiting = !isAnswered && sinceAsked >= 0 && sinceAsked < answerMsMax;
  if (isWaiting) {
    const said = { isOpen, isAnswered, next, askedAt, saidAt };
    if (sinceSaid < silenceMsMax) return { ...said, bytes: noBytes };
    if (isOpen) return { ...said, saidAt: at, bytes: noOperation };
  }
  const asked = { isAnswered: false, askedAt: at, saidAt: at };
  const isLost = !isAnswered && askedAt !== undefined;
  // Nobody asked yet, or nobody answers: from the beginning.
  if (!isOpen || isLost) return { ...asked, isOpen: false, next: 0, bytes: initialiseCommand };
  if (next === 0) return { ...asked, isOpen, next: 1, bytes: identifyCommand };
  const bytes = round[(next - 1) % round.length] ?? noOperation;
  return { ...asked, isOpen, next: (next % round.length) + 1, bytes };
}
