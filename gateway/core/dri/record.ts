/**
 * The record of the Datex-Ohmeda Record Interface (DRI), as GE S/5 and CARESCAPE Bx50 monitors
 * frame it: `7E`, escaped payload, sum, `7E`. All integers are little-endian. Source: Datex-Ohmeda
 * S/5 Computer Interface, document 8005313, sections 2 and 3.
 */
export const driFlag = 0x7e;
const driEscape = 0x7d;
/** What is escaped loses this bit behind the escape, and gets it back on reading. */
const driEscapedBit = 0x20;

const driHeaderBytes = 40;
/** A header names up to eight subrecords: a 16-bit offset and a type each. */
const driSubrecordsMax = 8;
const driDescriptorBytes = 3;
export const driEndOfList = 0xff;

/** Offsets inside the header. */
const driHeader = {
  length: 0,
  number: 2,
  level: 3,
  time: 6,
  mainType: 14,
  descriptors: 16,
} as const;

export const driMainTypes = { physiological: 0, wave: 1, alarm: 4, network: 5, event: 8 } as const;

export interface DriRecord {
  /** The monitor's own clock: seconds since 1970, of its local time. */
  readonly time: number;
  readonly number?: number;
  /** The edition of the interface; 11 is that of 2015. */
  readonly level?: number;
  readonly mainType: number;
  readonly subrecords: readonly DriSubrecord[];
}

export interface DriSubrecord {
  readonly type: number;
  /** As read: from its start to the end of the record, for its length is its kind's. */
  readonly bytes: Buffer;
}

/** The interface allows 1 490 bytes; a record longer than this is none. */
const recordBytesMax = 4_096;
/** What may stand between two flags: every byte of a record, and its sum, may be escaped. */
export const driSegmentBytesMax = 2 * (recordBytesMax + 1);

/** One record as it goes over the wire, flags, escapes and sum included. */
export function encodeDriRecord(record: DriRecord): Uint8Array {
  const { time, number = 0, level = 0, mainType, subrecords } = record;
  const data = Buffer.concat(subrecords.map(({ bytes }) => bytes));
  const header = Buffer.alloc(driHeaderBytes);
  header.writeUInt16LE(driHeaderBytes + data.length, driHeader.length);
  header.writeUInt8(number & 0xff, driHeader.number);
  header.writeUInt8(level, driHeader.level);
  header.writeUInt32LE(time >>> 0, driHeader.time);
  header.writeUInt16LE(mainType, driHeader.mainType);
  let offset = 0;
  let position: number = driHeader.descriptors;
  for (const { type, bytes } of subrecords) {
    header.writeUInt16LE(offset, position);
    header.writeUInt8(type, position + 2);
    offset += bytes.length;
    position += driDescriptorBytes;
  }
  if (subrecords.length < driSubrecordsMax) header.writeUInt8(driEndOfList, position + 2);
  return wrap(Buffer.concat([header, data]));
}

function wrap(payload: Uint8Array): Uint8Array {
  const wire: number[] = [driFlag];
  const sum = payload.reduce((total, byte) => (total + byte) & 0xff, 0);
  for (const byte of [...payload, sum]) {
    const isSpecial = byte === driFlag || byte === driEscape;
    if (isSpecial) wire.push(driEscape, byte & ~driEscapedBit);
    else wire.push(byte);
  }
  wire.push(driFlag);
  return Uint8Array.from(wire);
}

/** Reads what stands between two flags; undefined when its sum, length or structure is wrong. */
export function decodeDriRecord(segment: Uint8Array): DriRecord | undefined {
  const payload = unwrap(segment);
  // The sum does not notice a lost zero; the length does.
  if (!payload || payload.length < driHeaderBytes || payload.length > recordBytesMax) {
    return undefined;
  }
  if (payload.readUInt16LE(driHeader.length) !== payload.length) return undefined;
  const subrecords: DriSubrecord[] = [];
  const data = payload.subarray(driHeaderBytes);
  for (let index = 0; index < driSubrecordsMax; index += 1) {
    const position = driHeader.descriptors + index * driDescriptorBytes;
    const type = payload.readUInt8(position + 2);
    if (type === driEndOfList) break;
    const offset = payload.readUInt16LE(position);
    if (offset >= data.length) return undefined;
    subrecords.push({ type, bytes: data.subarray(offset) });
  }
  return {
    time: payload.readUInt32LE(driHeader.time),
    number: payload.readUInt8(driHeader.number),
    level: payload.readUInt8(driHeader.level),
    mainType: payload.readUInt16LE(driHeader.mainType),
    subrecords,
  };
}

/** Without escapes and sum, or undefined when the sum or an escape is wrong. */
function unwrap(segment: Uint8Array): Buffer | undefined {
  const plain = Buffer.allocUnsafe(segment.length);
  let length = 0;
  let sum = 0;
  for (let index = 0; index < segment.length; index += 1) {
    let byte = segment[index] ?? 0;
    if (byte === driEscape) {
      index += 1;
      byte = (segment[index] ?? 0) ^ driEscapedBit;
      if (byte !== driEscape && byte !== driFlag) return undefined;
    }
    plain[length] = byte;
    length += 1;
    sum += byte;
  }
  const check = plain[length - 1] ?? 0;
  return ((sum - check) & 0xff) === check ? plain.subarray(0, length - 1) : undefined;
}
