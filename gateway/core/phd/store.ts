import {
  type PhdConfiguration,
  type PhdObject,
  phdAttributes,
  readMap,
  type ValueMap,
} from './configuration.ts';
import { type MderReader, mderReader, NotMder, readAbsoluteTime } from './mder-reader.ts';
import { type PhdReading, readScan } from './report.ts';

/**
 * What a personal health device keeps in a store (ISO/IEEE 11073-20601 6.3.7, 6.3.8): segments of
 * entries that are all laid out alike.
 */
export interface PhdSegment {
  readonly instance: number;
  readonly isEmpty: boolean;
  readonly person?: number;
  /** SegmEntryHeader: which times stand before the elements of each entry. */
  readonly header: number;
  readonly elements: readonly StoredElement[];
  /** A periodic segment: when its first entry was taken, and the ticks of 125 µs between two. */
  readonly startedAt?: string;
  readonly periodTicks?: number;
}

/** An object of the configuration as the entries hold it. */
interface StoredElement {
  readonly handle: number;
  readonly codes: readonly number[];
  readonly map: ValueMap;
}

/** No device keeps more segments of one store; a meter has a handful. */
const segmentsMax = 64;
const elementsMax = 16;
/** The most the segments of a store take as JSON. */
export const segmentsJsonMax = 64 * 1024;

/** SegmentInfoList. Undefined when it is larger than any device's. */
export function readSegments(part: MderReader): readonly PhdSegment[] | undefined {
  const segments = part.list(readSegment);
  const isTooLarge =
    segments.length > segmentsMax ||
    segments.some(({ elements }) => elements.length > elementsMax) ||
    JSON.stringify(segments).length > segmentsJsonMax;
  return isTooLarge ? undefined : segments;
}

function readSegment(part: MderReader): PhdSegment {
  const instance = part.unsigned16();
  let segment: PhdSegment = { instance, isEmpty: false, header: 0, elements: [] };
  const ids = phdAttributes;
  part.list((item) => {
    const attribute = item.unsigned16();
    item.part(item.unsigned16(), (value) => {
      if (attribute === ids.segmentMap) segment = { ...segment, ...readEntryMap(value) };
      else if (attribute === ids.segmentPerson) {
        segment = { ...segment, person: value.unsigned16() };
      } else if (attribute === ids.segmentUsage) {
        segment = { ...segment, isEmpty: value.unsigned32() === 0 };
      } else if (attribute === ids.segmentStart) {
        const startedAt = readAbsoluteTime(value);
        if (startedAt !== undefined) segment = { ...segment, startedAt };
      } else if (attribute === ids.samplePeriod) {
        segment = { ...segment, periodTicks: value.unsigned32() };
      } else value.take(value.left);
    });
  });
  return segment;
}

function readEntryMap(part: MderReader): Pick<PhdSegment, 'header' | 'elements'> {
  const header = part.unsigned16();
  const elements = part.list((item): StoredElement => {
    item.unsigned16(); // class
    const partition = item.unsigned16();
    const term = item.unsigned16();
    const handle = item.unsigned16();
    return { handle, codes: [partition * 0x1_0000 + term], map: readMap(item) };
  });
  return { header, elements };
}

/** SegmEntryHeader bits, and the bytes of the time each stands for. */
const absoluteTime = 0x8000;
const relativeTime = 0x4000;
const fineRelativeTime = 0x2000;
const absoluteBytes = 8;
const relativeBytes = 4;
const fineRelativeBytes = 8;

/** SegmEvtStatus bits. */
const lastEntry = 0x4000;
const agentAbort = 0x0800;

/** SegmDataEventDescr: which entries an event carries, as its confirmation repeats them. */
export interface SegmentEvent {
  readonly instance: number;
  readonly firstEntry: number;
  readonly entries: number;
  readonly status: number;
}

export function isLastEvent({ status }: SegmentEvent): boolean {
  return (status & (lastEntry | agentAbort)) !== 0;
}

export interface StoredReadings {
  readonly event: SegmentEvent;
  /** `unknown`: of a segment that was not described, or of which nobody can tell the times. */
  readonly readings: readonly PhdReading[] | 'unknown';
}

/** SegmentDataEvent. Throws `NotMder` where the bytes are none. */
export function readStored(
  info: Uint8Array,
  segments: readonly PhdSegment[],
  configuration: PhdConfiguration,
): StoredReadings {
  const part = mderReader(info);
  const event = {
    instance: part.unsigned16(),
    firstEntry: part.unsigned32(),
    entries: part.unsigned32(),
    status: part.unsigned16(),
  };
  const bytes = part.take(part.unsigned16());
  if (part.left > 0) throw new NotMder();
  const segment = segments.find(({ instance }) => instance === event.instance);
  const length = segment ? bytesOf(segment) : 0;
  if (!segment || length === 0) return { event, readings: 'unknown' };
  // Each entry takes bytes, so their number is bounded by what came.
  if (bytes.length !== event.entries * length) throw new NotMder();
  const entry = mderReader(bytes);
  const readings: PhdReading[] = [];
  for (let index = 0; index < event.entries; index += 1) {
    const taken = readEntry(entry, segment, event.firstEntry + index, configuration);
    if (taken.some(({ time }) => time === undefined)) return { event, readings: 'unknown' };
    readings.push(...taken);
  }
  return { event, readings };
}

/** What one entry takes; 0 where its map names nothing. */
function bytesOf({ header, elements }: PhdSegment): number {
  const times =
    ((header & absoluteTime) !== 0 ? absoluteBytes : 0) +
    ((header & relativeTime) !== 0 ? relativeBytes : 0) +
    ((header & fineRelativeTime) !== 0 ? fineRelativeBytes : 0);
  const values = elements.reduce((sum, { map }) => sum + lengthOf(map), 0);
  return values === 0 ? 0 : times + values;
}

function lengthOf(map: ValueMap): number {
  return map.reduce((sum, [, count]) => sum + count, 0);
}

function readEntry(
  entry: MderReader,
  segment: PhdSegment,
  index: number,
  configuration: PhdConfiguration,
): readonly PhdReading[] {
  const { header, elements, person } = segment;
  const stated = (header & absoluteTime) !== 0 ? readAbsoluteTime(entry) : undefined;
  if ((header & relativeTime) !== 0) entry.take(relativeBytes);
  if ((header & fineRelativeTime) !== 0) entry.take(fineRelativeBytes);
  const time = stated ?? timeOfPeriod(segment, index);
  return elements.map((element) => {
    const { handle, map } = element;
    const values = entry.take(lengthOf(map));
    const known = configuration.find((object) => object.handle === handle);
    const object: PhdObject = known ?? { ...element, unit: 0 };
    const reading = readScan({ handle, person, values, map }, [object], false);
    return { ...reading, time: reading.time ?? time };
  });
}

const ticksPerMs = 8;

/** The n-th entry of a periodic segment; the clock that started it names no zone. */
function timeOfPeriod({ startedAt, periodTicks }: PhdSegment, index: number): string | undefined {
  if (startedAt === undefined || !periodTicks) return undefined;
  const passedMs = Math.floor((index * periodTicks) / ticksPerMs);
  const at = new Date(Date.parse(`${startedAt}Z`) + passedMs);
  return Number.isNaN(at.getTime()) ? undefined : at.toISOString().slice(0, -1).replace('.000', '');
}
