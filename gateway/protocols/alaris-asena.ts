import type { AbsentReason } from '../core/absent-reason.ts';
import { crc16 } from '../core/crc16.ts';
import { type Mask, scanFrames } from '../core/mask.ts';
import {
  type AlertRecord,
  type DeviceRecord,
  defineProtocol,
  type FieldValue,
  noBytes,
  readOn,
} from '../core/protocol.ts';

const start = 0x21;
const CR = 0x0d;
const LF = 0x0a;
/** Takes back what was sent so far of a frame. */
const ESC = 0x1b;

/** Three times the longest answer known. */
const frameBytesMax = 256;
const askEveryMs = 2_000;

/** "How is the infusion?" with its CRC: the one sentence the gateway knows. */
const status = Uint8Array.from(Buffer.from('!INF|4961\r', 'latin1'));

interface State {
  readonly held: Uint8Array;
  readonly isAlarming: boolean;
  readonly askedAt: number | undefined;
}

/**
 * Alaris (Asena) GH, CC and PK syringe pumps: `!COMMAND^field^...|CRC` and CR, the CRC-16/CCITT-FALSE
 * of what stands between `!` and `|` in four hexadecimal digits. 38400 8N1. Read only: the gateway
 * asks for the state of the infusion and can form nothing else, nor take the pump over (REMOTE_CTRL).
 */
export default defineProtocol<State>({
  id: 'alaris-asena',
  start: { held: noBytes, isAlarming: false, askedAt: undefined },
  stateBytesMax: frameBytesMax + 128,
  transmits: { 'infusion state': /21494e467c343936310d/ },

  step(state, chunk) {
    const bytes = state.held.length === 0 ? chunk : Buffer.concat([state.held, chunk]);
    const records: DeviceRecord[] = [];
    let { isAlarming } = state;
    let discardedBytes = 0;
    let offset = 0;

    while (offset < bytes.length) {
      const first = bytes[offset];
      if (first === CR || first === LF) {
        offset += 1;
        continue;
      }
      const end = first === start ? endOfFrame(bytes, offset) : 'no';
      if (end === 'more') break;
      const content = end === 'no' ? undefined : contentOf(bytes.subarray(offset + 1, end));
      if (end === 'no' || content === undefined) {
        discardedBytes += 1;
        offset += 1;
        continue;
      }
      const reading = readContent(content, isAlarming);
      if (reading === 'unreadable') discardedBytes += end + 1 - offset;
      else if (reading) {
        records.push(reading.record);
        isAlarming = reading.isAlarming;
      }
      offset = end + 1;
    }
    const held = Uint8Array.from(bytes.subarray(offset));
    const { askedAt } = state;
    return { state: { held, isAlarming, askedAt }, records, reply: noBytes, discardedBytes };
  },

  finish(state) {
    return readOn(this.step, state);
  },

  speak(state, at) {
    const { askedAt } = state;
    const isDue = askedAt === undefined || at - askedAt >= askEveryMs || at < askedAt;
    return isDue ? { state: { ...state, askedAt: at }, bytes: status } : { state, bytes: noBytes };
  },

  mask: (capture, mask) =>
    scanFrames(capture, (offset) => {
      const first = capture[offset];
      if (first === CR || first === LF) {
        return { end: offset + 1, bytes: capture.subarray(offset, offset + 1) };
      }
      const end = first === start ? endOfFrame(capture, offset) : 'no';
      if (typeof end !== 'number') return undefined;
      const content = contentOf(capture.subarray(offset + 1, end));
      if (content === undefined) return undefined;
      const masked = maskContent(content, mask);
      const crc = crc16(Buffer.from(masked, 'latin1'), 0xffff).toString(16).toUpperCase();
      const bytes = Buffer.from(`!${masked}|${crc.padStart(4, '0')}\r`, 'latin1');
      return { end: end + 1, bytes };
    }),
});

/** Where the CR of the frame at `offset` stands; or more bytes are needed, or it is no frame. */
function endOfFrame(bytes: Uint8Array, offset: number): number | 'more' | 'no' {
  for (let index = offset + 1; index < offset + frameBytesMax; index += 1) {
    const byte = bytes[index];
    if (byte === undefined) return 'more';
    if (byte === CR) return index;
    if (byte === ESC || byte === start || byte < 0x20) return 'no';
  }
  return 'no';
}

/** What stands between `!` and `|`, or undefined when the CRC behind it is another one. */
function contentOf(frame: Uint8Array): string | undefined {
  const text = Buffer.from(frame).toString('latin1');
  const [, content, checksum] = /^([^|]+)\|([0-9A-F]{4})$/.exec(text) ?? [];
  if (content === undefined || checksum === undefined) return undefined;
  const isIntact = crc16(Buffer.from(content, 'latin1'), 0xffff) === Number.parseInt(checksum, 16);
  return isIntact ? content : undefined;
}

/** A command, its units, figures of at most five digits, and how the infusion stands. */
const harmlessField = /^(?:-?\d{0,5}(?:\.\d{1,3})?[+]?|[A-Z]{2,8}|AL_[A-Z_]+|ml\/h|ml|mmHg|[ -]*)$/;

/** Of the answer about the infusion the first field is the serial number; orders say who gave them. */
function maskContent(content: string, mask: Mask): string {
  const [command = '', ...rest] = content.split('^');
  const masked = rest.map((field, index) =>
    command === 'INF' && index > 0 && harmlessField.test(field) ? field : mask.text(field),
  );
  return [/^[A-Z][A-Z0-9_]*$/.test(command) ? command : mask.text(command), ...masked].join('^');
}

interface Reading {
  readonly record: DeviceRecord;
  readonly isAlarming: boolean;
}

/** Serial number, alarm, mode, rate, unit, -, volume infused, unit, pressure, unit, time left, ... */
const infusionFieldsMin = 12;
const serialForm = /^[0-9A-Za-z-]{1,32}$/;

/**
 * The answer about the infusion is a record. The others (ALARM, COMMS_PROTOCOL, ...), what another
 * host asks and what it orders are none: an order looks like its own answer.
 */
function readContent(content: string, wasAlarming: boolean): Reading | 'unreadable' | undefined {
  const [command, serial = '', alarm = '', mode = '', ...rest] = content.split('^');
  if (command === undefined || !/^[A-Z][A-Z0-9_]*$/.test(command)) return 'unreadable';
  if (command !== 'INF' || content === 'INF') return undefined;
  if (rest.length + 4 < infusionFieldsMin) return 'unreadable';
  const [rate = '', rateUnit = '', , volume = '', volumeUnit = '', pressure = '', mmHg = ''] = rest;
  const fields: Record<string, FieldValue> = {
    RATE: toField(rate, rateUnit),
    VI: toField(volume, volumeUnit),
    PRESSURE: toField(pressure, mmHg),
    MODE: mode,
    'TIME-LEFT': rest[7] ?? '',
  };
  const isAlarming = !noAlarm.test(alarm);
  const alerts = toAlerts(isAlarming, wasAlarming);
  const serialNumber = serialForm.test(serial) ? serial : undefined;
  return { record: { fields, alerts, serialNumber }, isAlarming };
}

const units: Readonly<Record<string, string>> = {
  'ml/h': 'mL/h',
  ml: 'mL',
  mmHg: 'mm[Hg]',
};

const nothing: AbsentReason = 'not-measured';

/** The pump names the unit of each figure. Blank or dashes are no value. */
function toField(text: string, unit: string): FieldValue {
  if (/^[ -]*$/.test(text)) return { absent: nothing };
  return { value: text.trim(), unit: units[unit] ?? unit };
}

const noAlarm = /^(?:-|AL_NOALM)?$/;

/** The names of the alarms are not public, nor their priorities: the highest. */
function toAlerts(isAlarming: boolean, wasAlarming: boolean): readonly AlertRecord[] | undefined {
  if (!isAlarming && !wasAlarming) return undefined;
  const phase = isAlarming ? (wasAlarming ? 'continue' : 'start') : 'end';
  return [{ event: 'MDC_EVT_ALARM', field: 'RATE', phase, priority: 'high' }];
}
