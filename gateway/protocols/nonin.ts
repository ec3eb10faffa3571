import type { AbsentReason } from '../core/absent-reason.ts';
import { localTime } from '../core/device-time.ts';
import {
  type AlertRecord,
  type DeviceRecord,
  defineProtocol,
  type FieldValue,
  noBytes,
} from '../core/protocol.ts';

const ACK = 0x06;
const NAK = 0x15;

type Format = 'DF2' | 'DF7' | 'DF8' | 'DF13';

/** DF2 and DF7: a packet is 25 frames of 5 bytes, three packets a second. */
const packetFrames = 25;
const frameBytes = 5;
const samplePeriodMs = 1_000 / 75;
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
  | { readonly bytes: number; readonly readings: readonly Reading[] }
  | 'more'
  | 'no';

interface Reading {
  readonly record: DeviceRecord;
  readonly isBatteryLow: boolean;
}

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
});

type Found = {
  readonly bytes: number;
  readonly readings: readonly Reading[];
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

/** Status byte of DF2 and DF7. Bit 7 is always set. */
const snsd = 0x40;
const artf = 0x20;
const oot = 0x10;
const snsf = 0x08;
const rprf = 0x04;
const gprf = 0x02;
const sync = 0x01;

/** Every frame must be whole and in its place: one bad checksum and the packet is none. */
function recognisePacket(format: 'DF2' | 'DF7', bytes: Uint8Array, start: number): Recognition {
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
  return { bytes: offset - start, readings: [readPacket(status, floats, samples)] };
}

const missingHeartRate = 511;
const missingSaturation = 127;

/** What a unit's status says about all of its values. */
interface Condition {
  /** Why a value is missing where it is. */
  readonly reason: AbsentReason;
  /** A value is there, but the device has a doubt about it. */
  readonly isQuestionable: boolean;
  /** The sensor is not on the patient, or not usable: what is displayed is an old value. */
  readonly isOff: boolean;
}

/** Takes masked status bits: 0 is "no". */
function toCondition(
  isUnplugged: number,
  isOff: number,
  isPoor: number,
  isWeak: number,
): Condition {
  const reason = isUnplugged
    ? 'no-sensor'
    : isOff
      ? 'sensor-off'
      : isPoor
        ? 'poor-signal'
        : 'not-measured';
  const isQuestionable = (isUnplugged | isOff | isPoor | isWeak) !== 0;
  return { reason, isQuestionable, isOff: (isUnplugged | isOff) !== 0 };
}

function toValue(value: number, missing: number, condition: Condition): FieldValue {
  if (value === missing) return { absent: condition.reason };
  return condition.isQuestionable ? { value, quality: 'questionable' } : value;
}

/** `floats` are the 25 fourth bytes; the tables of the specification count them from 1. */
function readPacket(
  status: number,
  floats: readonly number[],
  samples: readonly number[],
): Reading {
  const condition = toCondition(status & snsd, status & snsf, status & (oot | artf), status & rprf);
  const at = (frame: number) => (floats[frame - 1] ?? 0) & 0x7f;
  const heartRate = (frame: number) =>
    toValue(((at(frame) & 0x03) << 7) | at(frame + 1), missingHeartRate, condition);
  const saturation = (frame: number) => toValue(at(frame), missingSaturation, condition);
  // Display values are held for 10 s after the finger is gone, and the wave is a flat line then.
  const displayed = (value: FieldValue): FieldValue =>
    condition.isOff ? { absent: condition.reason } : value;

  const fields: Record<string, FieldValue> = {
    HR: heartRate(1),
    SPO2: saturation(3),
    'SPO2-D': displayed(saturation(9)),
    'SPO2-FAST': saturation(10),
    'SPO2-B-B': saturation(11),
    'E-HR': heartRate(14),
    'E-SPO2': saturation(16),
    'E-SPO2-D': displayed(saturation(17)),
    'HR-D': displayed(heartRate(20)),
    'E-HR-D': displayed(heartRate(22)),
    PLETH: displayed({ samples, periodMs: samplePeriodMs }),
  };
  return { record: { fields }, isBatteryLow: (at(8) & 0x01) !== 0 };
}

/** DF8 bits: byte 1 `1 SNSD OOT LPRF MPRF ARTF HR8 HR7`, byte 4 `0 R SPA R SNSF R R LOWBAT`. */
const df8OutOfTrack = 0x20;
const df8LowPerfusion = 0x10;
const df8Artifact = 0x04;
const df8ReservedOrTop = 0b1101_0110;
const heartRateMax = 321;
const saturationMax = 100;

function recogniseDf8(bytes: Uint8Array, start: number, evidenceFrames: number): Recognition {
  const readings: Reading[] = [];
  for (let frame = 0; frame < evidenceFrames; frame += 1) {
    const offset = start + frame * df8Bytes;
    // Byte by byte, so that a wrong byte is known as such at once.
    for (let index = 0; index < df8Bytes; index += 1) {
      const byte = bytes[offset + index];
      if (byte === undefined) return 'more';
      if (index === 0 ? byte < 0x80 : byte >= 0x80) return 'no';
      if (index === 3 && (byte & df8ReservedOrTop) !== 0) return 'no';
    }
    const reading = readDf8(bytes.subarray(offset, offset + df8Bytes));
    if (!reading) return 'no';
    readings.push(reading);
  }
  return { bytes: evidenceFrames * df8Bytes, readings };
}

/** Without a checksum, what the device cannot show is damage. */
function readDf8(frame: Uint8Array): Reading | undefined {
  const [first = 0, low = 0, saturation = 0, last = 0] = frame;
  const heartRate = ((first & 0x03) << 7) | low;
  const isNothing = heartRate === missingHeartRate && saturation === missingSaturation;
  if (heartRate > heartRateMax && heartRate !== missingHeartRate) return undefined;
  if (saturation > saturationMax && saturation !== missingSaturation) return undefined;
  // A sensor that is not plugged in measures nothing.
  if ((first & snsd) !== 0 && !isNothing) return undefined;
  const condition = toCondition(
    first & snsd,
    last & snsf,
    first & (df8OutOfTrack | df8Artifact),
    first & df8LowPerfusion,
  );
  const fields = {
    HR: toValue(heartRate, missingHeartRate, condition),
    SPO2: toValue(saturation, missingSaturation, condition),
  };
  return { record: { fields }, isBatteryLow: (last & 0x01) !== 0 };
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
  return { bytes: df13Bytes, readings: [readDf13(data)] };
}

/** NOMS: the device was taken off before it had a good measurement. */
const noMeasurement = 0x01;

/** Data: BCD century, year, month, day, hour, minute, second, 1/100 s; status, heart rate, -, SpO2. */
function readDf13(data: Uint8Array): Reading {
  const [century, year, month, day, hour, minute, second] = data;
  const [statusHigh = 0, statusLow = 0, rateHigh = 0, rateLow = 0, , saturation = 0] =
    data.subarray(8);
  const condition = toCondition(0, 0, 0, statusHigh & noMeasurement);
  const fields = {
    // Unlike in the other formats, the low byte carries 8 bits.
    HR: toValue(((rateHigh & 0x01) << 8) | rateLow, missingHeartRate, condition),
    SPO2: toValue(saturation & 0x7f, missingSaturation, condition),
  };
  // The clock is lost with the battery: then there are no decimal digits, or no such day.
  const time = localTime(
    fromBcd(century) * 100 + fromBcd(year),
    fromBcd(month),
    fromBcd(day),
    fromBcd(hour),
    fromBcd(minute),
    fromBcd(second),
  );
  return { record: { fields, time }, isBatteryLow: (statusLow & 0x01) !== 0 };
}

function fromBcd(byte = 0xff): number {
  const tens = byte >> 4;
  const ones = byte & 0x0f;
  return tens <= 9 && ones <= 9 ? tens * 10 + ones : Number.NaN;
}

/** The one alarm of these formats. It is said when it begins and when it ends, not at each packet. */
function withBatteryAlert({ record, isBatteryLow }: Reading, wasBatteryLow: boolean): DeviceRecord {
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
