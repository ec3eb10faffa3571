import type { AlertRecord, DeviceRecord, FieldValue } from '../protocol.ts';
import { type ActiveAlarms, type AlarmList, alarmLists, readAlarms } from './alarm.ts';
import { readerOf } from './bytes.ts';
import { advance, type MonitorClock, readAbsoluteTime, readClock, shownBy } from './clock.ts';
import type { Attributes, IntellivueMessage, PolledObject, PollResult } from './message.ts';
import { countSequence, type Sequences } from './sequence.ts';
import {
  type Reading,
  readNumerics,
  readWaveSpecification,
  readWaves,
  type WaveSpecification,
} from './value.ts';

/** What must be remembered of a monitor to understand its next message. */
export interface MonitorMemory {
  /** The system id in hexadecimal: what the monitor announces as its own. */
  readonly systemId?: string | undefined;
  /** It is in demonstration or service mode: nothing it says is about a patient. */
  readonly isDemonstrating: boolean;
  readonly clock?: MonitorClock | undefined;
  /** By handle of the wave. */
  readonly waves: Readonly<Record<string, WaveSpecification>>;
  /** By handle: the measurement somebody took that was said last. */
  readonly episodes: Readonly<Record<string, string>>;
  readonly alarms: Readonly<Record<AlarmList, ActiveAlarms>>;
  readonly sequences: Sequences;
}

export const unknownMonitor: MonitorMemory = {
  isDemonstrating: false,
  waves: {},
  episodes: {},
  alarms: { patient: {}, technical: {} },
  sequences: {},
};

/** A monitor exports some twenty waves and a handful of episodic numerics. */
const wavesMax = 48;
const episodesMax = 16;
/** Longer than a time stamp with a compound of three values. */
const episodeLengthMax = 160;
const systemIdBytesMax = 16;

const attribute = {
  systemId: 0x0984,
  operatingMode: 0x0946,
  absoluteTime: 0x0987,
  relativeTime: 0x098f,
  absoluteTimeStamp: 0x0990,
  numeric: 0x0950,
  compoundNumeric: 0x094b,
} as const;

/** Operating mode bits. */
const demonstrationMode = 0x2000;
const serviceMode = 0x1000;

export interface MonitorReading {
  readonly memory: MonitorMemory;
  readonly records: readonly DeviceRecord[];
  /** Results that never came, or came after a later one: figures of the link, not of the patient. */
  readonly missedMessages?: number;
  readonly lateMessages?: number;
}

/** What a message says. Undefined when its content is not what it should be: then none of it counts. */
export function readMonitor(
  memory: MonitorMemory,
  message: IntellivueMessage,
): MonitorReading | undefined {
  switch (message.kind) {
    case 'association':
      // Handles are given anew with each association.
      return { memory: { ...memory, waves: {}, sequences: {} }, records: [] };
    case 'mds-create':
    case 'connect-indication':
      return {
        memory: introduce({ ...memory, waves: {}, sequences: {} }, message.attributes),
        records: [],
      };
    case 'other':
      return { memory, records: [] };
    case 'poll-result':
      return readPollResult(memory, message);
  }
}

/** What the monitor says about itself. Nothing about its patient or its bed is read. */
function introduce(memory: MonitorMemory, attributes: Attributes): MonitorMemory {
  const id = attributes.get(attribute.systemId);
  const mode = attributes.get(attribute.operatingMode);
  const absolute = attributes.get(attribute.absoluteTime);
  const relative = attributes.get(attribute.relativeTime);
  const isSet = absolute !== undefined && relative?.length === 4;
  const clock = isSet ? readClock(absolute, readerOf(relative).u32()) : undefined;
  return {
    ...memory,
    systemId: id ? systemIdOf(id) : memory.systemId,
    isDemonstrating: mode
      ? (readerOf(mode).u16() & (demonstrationMode | serviceMode)) !== 0
      : memory.isDemonstrating,
    clock: clock ?? memory.clock,
  };
}

/** A length, then the id: usually the hardware address. */
function systemIdOf(bytes: Uint8Array): string {
  const reader = readerOf(bytes);
  const id = reader.take(Math.min(reader.u16(), systemIdBytesMax));
  return Buffer.from(id).toString('hex');
}

/** Readings on their way into records. A field stands once in a record, test data in its own. */
interface Draft {
  readonly isTest: boolean;
  readonly time: string | undefined;
  /** `time` is when somebody took it, before it was polled. */
  readonly isStored: boolean;
  readonly fields: Record<string, FieldValue>;
  readonly alerts: AlertRecord[];
}

function readPollResult(memory: MonitorMemory, result: PollResult): MonitorReading | undefined {
  const clock = memory.clock && advance(memory.clock, result.relativeTime);
  const time = readAbsoluteTime(result.absoluteTime) ?? (clock && shownBy(clock));
  const { poll, sequence } = result;
  const counted =
    sequence === undefined ? undefined : countSequence(memory.sequences, poll, sequence);
  let after: MonitorMemory = {
    ...memory,
    clock,
    sequences: counted?.sequences ?? memory.sequences,
  };
  const drafts: Draft[] = [];
  for (const object of result.objects) {
    const read = readObject(after, object);
    if (!read) return undefined;
    after = read.memory;
    for (const reading of read.readings)
      put(drafts, reading, read.takenAt ?? time, read.takenAt !== undefined);
    if (read.alerts.length > 0) {
      draftFor(drafts, read.isTestAlert, time, false, undefined).alerts.push(...read.alerts);
    }
  }
  const { systemId, isDemonstrating } = after;
  const records = drafts.map(({ isTest, time: at, isStored, fields, alerts }) => ({
    fields,
    alerts: alerts.length > 0 ? alerts : undefined,
    sequence,
    time: at,
    isStored: isStored || undefined,
    serialNumber: systemId,
    isTest: isTest || isDemonstrating || undefined,
  }));
  return {
    memory: after,
    records,
    missedMessages: counted?.missed ?? 0,
    lateMessages: counted?.isLate ? 1 : 0,
  };
}

function put(
  drafts: Draft[],
  { field, value, isTest }: Reading,
  time: string | undefined,
  isStored: boolean,
): void {
  draftFor(drafts, isTest, time, isStored, field).fields[field] = value;
}

function draftFor(
  drafts: Draft[],
  isTest: boolean,
  time: string | undefined,
  isStored: boolean,
  field: string | undefined,
): Draft {
  const found = drafts.find(
    (draft) =>
      draft.isTest === isTest &&
      draft.time === time &&
      draft.isStored === isStored &&
      (field === undefined || !Object.hasOwn(draft.fields, field)),
  );
  if (found) return found;
  const made: Draft = { isTest, time, isStored, fields: {}, alerts: [] };
  drafts.push(made);
  return made;
}

interface ObjectRead {
  readonly memory: MonitorMemory;
  readonly readings: readonly Reading[];
  /** When somebody took the measurement, where that is not when it was polled. */
  readonly takenAt?: string | undefined;
  readonly alerts: readonly AlertRecord[];
  readonly isTestAlert: boolean;
}

function readObject(memory: MonitorMemory, object: PolledObject): ObjectRead | undefined {
  const { attributes } = object;
  const numerics = readNumerics(attributes);
  const waves = readWave(memory, object);
  const alarms = readAlarmLists(memory, attributes);
  if (!numerics || !waves || !alarms) return undefined;
  const introduced = attributes.has(attribute.systemId)
    ? introduce(alarms.memory, attributes)
    : alarms.memory;
  const episode = readEpisode(introduced, object, numerics);
  return {
    ...alarms,
    memory: { ...episode.memory, waves: waves.specifications },
    readings: [...(episode.isKnown ? [] : numerics), ...waves.readings],
    takenAt: episode.takenAt,
  };
}

function readWave(memory: MonitorMemory, { handle, attributes }: PolledObject) {
  const known = Object.hasOwn(memory.waves, handle) ? memory.waves[handle] : undefined;
  const specification = readWaveSpecification(attributes, known);
  const readings = readWaves(attributes, specification);
  if (!readings) return undefined;
  if (specification === known) return { readings, specifications: memory.waves };
  const { [handle]: _, ...others } = memory.waves as Record<string, WaveSpecification>;
  const isRoom = Object.keys(others).length < wavesMax;
  const specifications = specification && isRoom ? { ...others, [handle]: specification } : others;
  return { readings, specifications };
}

function readAlarmLists(memory: MonitorMemory, attributes: Attributes) {
  let { alarms } = memory;
  const alerts: AlertRecord[] = [];
  let isTestAlert = false;
  for (const list of Object.keys(alarmLists) as AlarmList[]) {
    const read = readAlarms(attributes, list, alarms[list]);
    if (read === undefined) return undefined;
    if (read === null) continue;
    alarms = { ...alarms, [list]: read.active };
    alerts.push(...read.alerts);
    isTestAlert ||= read.isTest;
  }
  return { memory: alarms === memory.alarms ? memory : { ...memory, alarms }, alerts, isTestAlert };
}

/**
 * A cuff pressure carries the time it was taken and stands in every poll until the next one. It is
 * one measurement, so it is said once: repeated each second it would look like new ones. What is
 * absent is said each time.
 */
function readEpisode(
  memory: MonitorMemory,
  { handle, attributes }: PolledObject,
  numerics: readonly Reading[],
) {
  const stamp = attributes.get(attribute.absoluteTimeStamp);
  const takenAt = stamp && readAbsoluteTime(stamp);
  const isTaken = numerics.some(({ value }) => typeof value === 'object' && 'value' in value);
  if (!takenAt || !isTaken) return { memory, isKnown: false };
  const parts = [
    stamp,
    attributes.get(attribute.numeric),
    attributes.get(attribute.compoundNumeric),
  ];
  const said = parts
    .map((part) => Buffer.from(part ?? []).toString('hex'))
    .join('.')
    .slice(0, episodeLengthMax);
  if (Object.hasOwn(memory.episodes, handle) && memory.episodes[handle] === said) {
    return { memory, isKnown: true, takenAt };
  }
  const others = Object.entries(memory.episodes).filter(([other]) => other !== String(handle));
  const episodes = Object.fromEntries([...others, [String(handle), said]].slice(-episodesMax));
  return { memory: { ...memory, episodes }, isKnown: false, takenAt };
}
