import { scanFrames } from '../core/mask.ts';
import {
  type NoninReading,
  noninStatus,
  readNoninDf8,
  readNoninDf13,
  readNoninPacket,
} from '../core/nonin-reading.ts';
import {
  type AlertRecord,
  brokenOff,
  type DeviceRecord,
  defineProtocol,
  noBytes,
} from '../core/protocol.ts';

const ACK = 0x06;
const NAK = 0x15;

type Format = 'DF2' | 'DF7' | 'DF8' | 'DF13';

/** DF2 and DF7: a packet is 25 frames of 5 bytes, three packets a second. */
const packetFrames = 25;
const frameBytes = 5;
/** DF8: 4 bytes a second without a checksum, so several in a row are asked for before one counts. */
const df8Bytes = 4;
const df8EvidenceFrames = 3;
const df13Header = [0x00, 0x02, 0x00, 0x0d, 0x00, 0x0e];
const df13Bytes = 22;
/** Replies to commands may stand between the frames of one packet; a device sends no more. */
const repliesMax = 8;
const heldBytesMax = packetFrames * frameBytes + repliesMax;

interface State {
  readonly held: Uint8Array;
  /** The format the link speaks, once it is sure; undefined again after damage. */
  readonly format: Format | undefined;
  /** No byte was discarded since the last whole unit: what stands here is a boundary. */
  readonly isAligned: boolean;
  readonly isBatteryLow: boolean;
}

/** One recognised unit, or why there is none: more bytes are needed, or these are not it. */
type Recognition =
  | { readonly bytes: number; readonly readings: readonly NoninReading[] }
  | 'more'
  | 'no';

/**
 * Nonin's serial data formats 2, 7, 8 and 13 (OEM III, WristOx2 3150 and 9560 specifications),
 * 9600 8N1. A link speaks one of them; which one is told from the bytes' structure. ACK and NAK
 * between frames are answers to the host's commands and no damage.
 */
export default defineProtocol<State>({
  id: 'nonin',
  start: { held: noBytes, format: undefined, isAligned: true, isBatteryLow: false },
  stateBytesMax: heldBytesMax + 128,
  transmits: {},

  step(state, chunk) {
    const bytes = state.held.length === 0 ? chunk : Buffer.concat([state.held, chunk]);
    const records: DeviceRecord[] = [];
    let { format, isAligned, isBatteryLow } = state;
    let discardedBytes = 0;
    let offset = 0;

    while (offset < bytes.length) {
      if (isAligned && isReply(bytes[offset])) {
        offset += 1;
        continue;
      }
      const found = recognise(bytes, offset, format);
      if (found === 'more') break;
      if (found !== 'no') {
        for (const reading of found.readings) {
          records.push(withBatteryAlert(reading, isBatteryLow));
          isBatteryLow = reading.isBatteryLow;
        }
        offset += found.bytes;
        format = found.format;
        isAligned = true;
      } else if (format !== undefined) {
        // Damage: ask for the full evidence again, from this very byte on.
        format = undefined;
      } else {
        discardedBytes += 1;
        offset += 1;
        isAligned = false;
      }
    }
    const held = Uint8Array.from(bytes.subarray(offset));
    return {
      state: { held, format, isAligned, isBatteryLow },
      records,
      reply: noBytes,
      discardedBytes,
    };
  },

  finish: ({ held }) => brokenOff(held.length),

  // Numbers only: the units hold nobody's name, and what is none of them is withheld.
  mask(capture) {
    let format: Format | undefined;
    return scanFrames(capture, (start) => {
      if (isReply(capture[start])) {
        return { end: start + 1, bytes: capture.subarray(start, start + 1) };
      }
      const locked = recognise(capture, start, format);
      const found = locked === 'no' ? recognise(capture, start, undefined) : locked;
      if (typeof found === 'string') {
        format = undefined;
        return undefined;
      }
      ({ format } = found);
      const end = start + found.bytes;
      return { end, bytes: capture.subarray(start, end) };
    });
  },
});

type Found = {
  readonly bytes: number;
  readonly readings: readonly NoninReading[];
  readonly format: Format;
};

/** In this order: a format whose structure is the stronger evidence is asked first. */
const formats: readonly Format[] = ['DF13', 'DF2', 'DF7', 'DF8'];

/**
 * The unit that starts at `offset`. The first format that does not say no decides, so the answer
 * is the same however the bytes come.
 */
function recognise(
  bytes: Uint8Array,
  offset: number,
  locked: Format | undefined,
): Found | 'more' | 'no' {
  for (const format of locked === undefined ? formats : [locked]) {
    const recognition = recogniseAs(format, bytes, offset, locked !== undefined);
    if (recognition === 'more') return 'more';
    if (recognition !== 'no') return { ...recognition, format };
  }
  return 'no';
}

function recogniseAs(
  format: Format,
  bytes: Uint8Array,
  offset: number,
  isLocked: boolean,
): Recognition {
  switch (format) {
    case 'DF2':
    case 'DF7':
      return recognisePacket(format, bytes, offset);
    case 'DF8':
      return recogniseDf8(bytes, offset, isLocked ? 1 : df8EvidenceFrames);
    case 'DF13':
      return recogniseDf13(bytes, offset);
  }
}

/** Every frame must be whole and in its place: one bad checksum and the packet is none. */
function recognisePacket(format: 'DF2' | 'DF7', bytes: Uint8Array, start: number): Recognition {
  const { rprf, gprf, sync } = noninStatus;
  const isDf2 = format === 'DF2';
  const floats: number[] = [];
  const samples: number[] = [];
  let status = 0;
  let offset = start;
  let replies = 0;
  while (floats.length < packetFrames) {
    if (offset >= bytes.length) return 'more';
    if (floats.length > 0 && isReply(bytes[offset])) {
      replies += 1;
      offset += 1;
      if (replies > repliesMax) return 'no';
      continue;
    }
    const [first = 0, second = 0, third = 0, float = 0, check = 0] = bytes.subarray(
      offset,
      offset + frameBytes,
    );
    const available = bytes.length - offset;
    if (isDf2 && first !== 0x01) return 'no';
    if (isDf2 && available < 2) return 'more';
    const frameStatus = isDf2 ? second : first;
    const isFirst = floats.length === 0;
    if ((frameStatus & 0x80) === 0 || ((frameStatus & sync) !== 0) !== isFirst) return 'no';
    if (available < frameBytes) return 'more';
    if (((first + second + third + float) & 0xff) !== check) return 'no';
    status |= frameStatus & ~(rprf | gprf);
    // Red alone is a weak pulse; red and green together, or green, is one that will do.
    if ((frameStatus & (rprf | gprf)) === rprf) status |= rprf;
    samples.push(isDf2 ? third : second * 256 + third);
    floats.push(float);
    offset += frameBytes;
  }
  return { bytes: offset - start, readings: [readNoninPacket(status, floats, samples)] };
}

const df8ReservedOrTop = 0b1101_0110;

function recogniseDf8(bytes: Uint8Array, start: number, evidenceFrames: number): Recognition {
  const readings: NoninReading[] = [];
  for (let frame = 0; frame < evidenceFrames; frame += 1) {
    const offset = start + frame * df8Bytes;
    // Byte by byte, so that a wrong byte is known as such at once.
    for (let index = 0; index < df8Bytes; index += 1) {
      const byte = bytes[offset + index];
      if (byte === undefined) return 'more';
      if (index === 0 ? byte < 0x80 : byte >= 0x80) return 'no';
      if (index === 3 && (byte & df8ReservedOrTop) !== 0) return 'no';
    }
    const reading = readNoninDf8(bytes.subarray(offset, offset + df8Bytes));
    if (!reading) return 'no';
    readings.push(reading);
  }
  return { bytes: evidenceFrames * df8Bytes, readings };
}

/** A spot check: header, 14 bytes of data, the low byte of their sum, ETX. */
function recogniseDf13(bytes: Uint8Array, start: number): Recognition {
  for (const [index, expected] of df13Header.entries()) {
    const byte = bytes[start + index];
    if (byte === undefined) return 'more';
    if (byte !== expected) return 'no';
  }
  if (bytes.length - start < df13Bytes) return 'more';
  const frame = bytes.subarray(start, start + df13Bytes);
  const data = frame.subarray(df13Header.length, -2);
  const sum = data.reduce((total, byte) => (total + byte) & 0xff, 0);
  if (frame[df13Bytes - 2] !== sum || frame[df13Bytes - 1] !== 0x03) return 'no';
  return { bytes: df13Bytes, readings: [readNoninDf13(data)] };
}

/** The one alarm of these formats. It is said when it begins and when it ends, not at each packet. */
function withBatteryAlert(
  { record, isBatteryLow }: NoninReading,
  wasBatteryLow: boolean,
): DeviceRecord {
  if (isBatteryLow === wasBatteryLow) return record;
  const alert: AlertRecord = {
    event: 'MDC_EVT_ALARM',
    field: 'BATTERY',
    phase: isBatteryLow ? 'start' : 'end',
    priority: 'low',
  };
  return { ...record, alerts: [alert] };
}

function isReply(byte: number | undefined): boolean {
  return byte === ACK || byte === NAK;
}
