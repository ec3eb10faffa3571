import type { Mask, MaskedFrame } from '../mask.ts';
import {
  decodeDriRecord,
  driFlag,
  driMainTypes,
  driSegmentBytesMax,
  encodeDriRecord,
} from './record.ts';

/** Five alarms of 98 bytes behind five words; each begins with 80 characters of text. */
const alarmsStart = 10;
const alarmBytes = 98;
const alarmTextBytes = 80;
const alarmCount = 5;

/** Who the patient is stands in records of the network and of events: those are withheld. */
const harmless: ReadonlySet<number> = new Set([
  driMainTypes.physiological,
  driMainTypes.wave,
  driMainTypes.alarm,
]);

/** Whole records only, each made anew: what stands in the reserved words of the header goes. */
export function maskDri(capture: Uint8Array, mask: Mask): readonly MaskedFrame[] {
  const frames: MaskedFrame[] = [];
  let start = capture.indexOf(driFlag);
  while (start !== -1) {
    const next = capture.indexOf(driFlag, start + 1);
    if (next === -1) break;
    const segment = capture.subarray(start + 1, next);
    const bytes = segment.length > driSegmentBytesMax ? undefined : maskSegment(segment, mask);
    if (bytes) frames.push({ start, end: next + 1, bytes });
    // A flag may end one record and begin the next.
    start = next;
  }
  return frames;
}

function maskSegment(segment: Uint8Array, mask: Mask): Uint8Array | undefined {
  const record = segment.length === 0 ? undefined : decodeDriRecord(segment);
  if (!record || !harmless.has(record.mainType)) return undefined;
  const isAlarm = record.mainType === driMainTypes.alarm;
  const subrecords = record.subrecords.map(({ type, bytes }, index) => {
    // As read, a subrecord reaches to the end of the record: the next one is not its own.
    const next = record.subrecords[index + 1];
    const own = next ? bytes.subarray(0, bytes.length - next.bytes.length) : bytes;
    return { type, bytes: isAlarm && type !== 0 ? maskAlarms(own, mask) : own };
  });
  return encodeDriRecord({ ...record, subrecords });
}

function maskAlarms(subrecord: Buffer, mask: Mask): Buffer {
  const masked = Buffer.from(subrecord);
  for (let index = 0; index < alarmCount; index += 1) {
    const start = alarmsStart + index * alarmBytes;
    const text = masked.toString('latin1', start, start + alarmTextBytes);
    masked.write(mask.text(text), start, 'latin1');
  }
  return masked;
}
