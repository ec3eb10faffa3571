import { crc16 } from '../core/crc16.ts';
import { type Mask, scanFrames } from '../core/mask.ts';
import {
  type DeviceRecord,
  defineProtocol,
  type FieldValue,
  noBytes,
  readOn,
} from '../core/protocol.ts';

const open = 0x5b;
const close = 0x5d;
const crcBytes = 2;
/** Four times the longest message known. */
const messageBytesMax = 64;
const askEveryMs = 1_000;

/** Questions end with a question mark; an order has an equals sign. These are asked in turn. */
const questions = ['PRIRATE?', 'VINF?'] as const;

interface State {
  readonly held: Uint8Array;
  readonly askedAt: number | undefined;
  /** Which question is next. */
  readonly next: number;
}

/**
 * Baxter's AS50 syringe pump: `[KEY?]` is answered by `[KEY=value]` or `[REJECT...]`, each with the
 * CRC-16/XMODEM of all up to the bracket in two bytes behind it. 9600 8N1. Read only: the gateway
 * asks for rate and volume and can form nothing else.
 */
export default defineProtocol<State>({
  id: 'baxter-as50',
  start: { held: noBytes, askedAt: undefined, next: 0 },
  stateBytesMax: messageBytesMax + 128,
  transmits: {
    'primary rate': /5b505249524154453f5d3444/,
    'volume infused': /5b56494e463f5d18e1/,
  },

  step(state, chunk) {
    const bytes = state.held.length === 0 ? chunk : Buffer.concat([state.held, chunk]);
    const records: DeviceRecord[] = [];
    let discardedBytes = 0;
    let offset = 0;

    while (offset < bytes.length) {
      const end = endOfMessage(bytes, offset);
      if (end === 'more') break;
      const reading = end === 'no' ? 'unreadable' : readMessage(bytes.subarray(offset, end));
      if (end === 'no' || reading === 'unreadable') {
        discardedBytes += 1;
        offset += 1;
        continue;
      }
      if (reading) records.push(reading);
      offset = end;
    }
    const held = Uint8Array.from(bytes.subarray(offset));
    const { askedAt, next } = state;
    return { state: { held, askedAt, next }, records, reply: noBytes, discardedBytes };
  },

  finish(state) {
    return readOn(this.step, state);
  },

  speak(state, at) {
    const { askedAt, next } = state;
    const isDue = askedAt === undefined || at - askedAt >= askEveryMs || at < askedAt;
    if (!isDue) return { state, bytes: noBytes };
    const after = (next + 1) % questions.length;
    return { state: { ...state, askedAt: at, next: after }, bytes: toMessage(questions[next]) };
  },

  mask: (capture, mask) =>
    scanFrames(capture, (start) => {
      const end = endOfMessage(capture, start);
      if (typeof end !== 'number') return undefined;
      const message = capture.subarray(start, end);
      if (readMessage(message) === 'unreadable') return undefined;
      const content = Buffer.from(message.subarray(1, -crcBytes - 1)).toString('latin1');
      return { end, bytes: toMessage(maskContent(content, mask)) };
    }),
});

/** Behind the CRC of the message at `start`; or more bytes are needed, or it is no message. */
function endOfMessage(bytes: Uint8Array, start: number): number | 'more' | 'no' {
  if (bytes[start] !== open) return 'no';
  for (let index = start + 1; index < start + messageBytesMax - crcBytes; index += 1) {
    const byte = bytes[index];
    if (byte === undefined) return 'more';
    if (byte === close) {
      const end = index + 1 + crcBytes;
      return end > bytes.length ? 'more' : end;
    }
    if (byte === open || byte < 0x20 || byte > 0x7e) return 'no';
  }
  return 'no';
}

const answerForm = /^([A-Z][A-Z0-9]{0,15})=([\x20-\x7e]*)$/;
/** Questions of another host, and answers that state no value. */
const otherForm = /^(?:[A-Z][A-Z0-9]{0,15}\??|REJECT[ -~]*)$/;

/** What a figure is in. The pump does not say. */
const units: ReadonlyMap<string, string> = new Map([
  ['PRIRATE', 'mL/h'],
  ['VINF', 'mL'],
]);

function readMessage(message: Uint8Array): DeviceRecord | 'unreadable' | undefined {
  const text = Buffer.from(message.subarray(0, -crcBytes));
  const [high = 0, low = 0] = message.subarray(-crcBytes);
  if (crc16(text, 0) !== high * 256 + low) return 'unreadable';
  const content = text.toString('latin1', 1, text.length - 1);
  const [, key, value] = answerForm.exec(content) ?? [];
  if (key !== undefined && value !== undefined) return { fields: { [key]: toField(key, value) } };
  return otherForm.test(content) ? undefined : 'unreadable';
}

/** Figures of the two questions the gateway asks; whatever else the pump tells is masked. */
function maskContent(content: string, mask: Mask): string {
  const [, key, value = ''] = answerForm.exec(content) ?? [];
  if (key !== undefined) {
    const isHarmless = units.has(key) && /^[ \d.-]{0,8}$/.test(value);
    return `${key}=${isHarmless ? value : mask.text(value)}`;
  }
  return content.replace(
    /^(REJECT)(.*)$/,
    (_, word: string, rest: string) => word + mask.text(rest),
  );
}

/** Blank or dashes are no value. */
function toField(key: string, text: string): FieldValue {
  if (/^[ .-]*$/.test(text)) return { absent: 'not-measured' };
  const unit = units.get(key);
  // `.5` and `5.` are how some firmware prints.
  const [, whole, fraction] = /^ *(\d*)\.?(\d*) *$/.exec(text) ?? [];
  if (unit === undefined || whole === undefined) return text;
  return { value: Number(`${whole || '0'}.${fraction || '0'}`), unit };
}

function toMessage(content = ''): Uint8Array {
  const text = Buffer.from(`[${content}]`, 'latin1');
  const crc = crc16(text, 0);
  return Uint8Array.from([...text, crc >> 8, crc & 0xff]);
}
