import { hash } from 'node:crypto';
import type { DeviceProfile } from '../core/device-profile.ts';
import type { Intake, Rejection } from '../core/intake.ts';
import type { Recollection } from '../core/memory.ts';
import { type DeviceRecord, noBytes, type Protocol, type ProtocolStep } from '../core/protocol.ts';

/** A record with the key that makes it recognisable wherever it turns up again. */
export interface KeyedRecord {
  readonly key: string;
  readonly record: DeviceRecord;
}

export interface Reading {
  readonly records: readonly KeyedRecord[];
  readonly rejected: readonly Rejection[];
  /** Bytes owed to the device once the records are on disk. */
  readonly reply: Uint8Array;
  readonly discardedBytes: number;
  readonly missedMessages?: number;
  readonly lateMessages?: number;
  /** What the device’s clock shows now, where the wire says so. */
  readonly clockTime?: string | undefined;
}

/** 132 bit of SHA-256 in base64url: no two records of a fleet's life meet. */
const keyLength = 22;

/**
 * Bytes to records, by the device's protocol. Lines keep their protocol's state in memory; a
 * record that was read before is set aside. `salt` keeps keys from telling the device's name.
 */
export function read(
  intake: Intake,
  profile: DeviceProfile,
  protocol: Protocol,
  salt: Uint8Array,
  memory: Recollection,
): Reading {
  if (intake.channel === 'status') return nothing;
  return intake.channel === 'line' || !protocol.readMessage
    ? readLine(intake, profile, protocol, salt, memory)
    : readMessage(intake, profile, protocol.readMessage, salt, memory);
}

const nothing: Reading = { records: [], rejected: [], reply: noBytes, discardedBytes: 0 };

function readMessage(
  intake: Intake,
  profile: DeviceProfile,
  readWhole: NonNullable<Protocol['readMessage']>,
  salt: Uint8Array,
  memory: Recollection,
): Reading {
  const read = readWhole(intake.bytes);
  if ('reason' in read) {
    return { ...nothing, rejected: [reject(intake, read.reason, read.detail)] };
  }
  return identify(intake, read, memory, (record, index) => {
    const arrival = identifiesItself(record, profile) ? 0 : arrivalOf(intake, memory);
    return keyOf(salt, intake.device, intake.bytes, arrival, index);
  });
}

function readLine(
  intake: Intake,
  profile: DeviceProfile,
  protocol: Protocol,
  salt: Uint8Array,
  memory: Recollection,
): Reading {
  const before = intake.isFirst
    ? protocol.start
    : (memory.get(lineMemory, intake.device) ?? protocol.start);
  if (intake.isTurn) {
    const spoken = intake.isLast
      ? protocol.leave?.(before)
      : protocol.speak?.(before, intake.receivedAt);
    if (!spoken) return nothing;
    memory.set(lineMemory, intake.device, spoken.state);
    return { ...nothing, reply: spoken.bytes };
  }
  const step = stepOf(protocol, profile, before, intake.bytes);
  memory.set(lineMemory, intake.device, step.state);
  const { records, reply, discardedBytes, missedMessages = 0, lateMessages = 0 } = step;
  const reading = identify(intake, records, memory, (record, index) => {
    const content = Buffer.from(JSON.stringify(record));
    // Not by its place: a dump that is read again begins elsewhere and comes in other chunks.
    if (identifiesItself(record, profile)) return keyOf(salt, intake.device, content, 0, 0);
    return keyOf(salt, intake.device, content, arrivalOf(intake, memory), index);
  });
  const { clockTime } = step;
  return { ...reading, reply, discardedBytes, missedMessages, lateMessages, clockTime };
}

/** A datagram is a message: whatever it leaves unfinished, the next one does not continue. */
function stepOf(
  protocol: Protocol,
  { link }: DeviceProfile,
  before: unknown,
  bytes: Uint8Array,
): ProtocolStep<unknown> {
  const step = protocol.step(before, bytes);
  const ended = link.kind === 'udp' ? protocol.endMessage?.(step.state) : undefined;
  if (!ended) return step;
  const discardedBytes = step.discardedBytes + ended.discardedBytes;
  return { ...step, state: ended.state, discardedBytes };
}

/** As what the state of a device's line is remembered. */
export const lineMemory = 'line';

function identify(
  intake: Intake,
  records: readonly DeviceRecord[],
  memory: Recollection,
  keyOfRecord: (record: DeviceRecord, index: number) => string,
): Reading {
  if (records.length === 0) return nothing;
  const keyed: KeyedRecord[] = [];
  const rejected: Rejection[] = [];

  for (const [index, record] of records.entries()) {
    const key = keyOfRecord(record, index);
    if (memory.hasSeen(key)) {
      rejected.push(reject(intake, 'duplicate', key));
    } else {
      memory.see(key);
      keyed.push({ key, record });
    }
  }
  return { records: keyed, rejected, reply: noBytes, discardedBytes: 0 };
}

/**
 * A record says itself which one it is by a time that has a zone, by a number or a message's name
 * beside any time, or, where somebody takes single measurements, by any time. A number alone starts
 * anew whenever the device does, and two equal lines of a clock that stands still are two records.
 */
function identifiesItself(record: DeviceRecord, { metrics }: DeviceProfile): boolean {
  const { sequence, messageId, time } = record;
  if (time === undefined) return false;
  if (sequence !== undefined || messageId !== undefined) return true;
  if (/(Z|[+-]\d\d:?\d\d)$/.test(time)) return true;
  return metrics.every(({ cadence }) => cadence === 'episodic');
}

/**
 * Numbers what does not identify itself: rises with every record of the device. Without the time
 * the number is one of this run of the machine, for another may have begun at the same moment.
 */
function arrivalOf(
  { device, receivedAt, provisional }: Intake,
  memory: Recollection,
): number | string {
  const arrival = Math.max(
    ((memory.get('arrival', device) ?? 0) as number) + 1,
    receivedAt * 1_000,
  );
  memory.set('arrival', device, arrival);
  return provisional ? `${provisional.boot}/${arrival}` : arrival;
}

function keyOf(
  salt: Uint8Array,
  device: string,
  bytes: Uint8Array,
  arrival: number | string,
  index: number,
): string {
  const about = Buffer.from(`${device}\0${arrival}\0${index}\0`);
  return hash('sha256', Buffer.concat([salt, about, bytes]), 'base64url').slice(0, keyLength);
}

function reject(intake: Intake, reason: Rejection['reason'], detail: string): Rejection {
  return { device: intake.device, at: intake.receivedAt, stage: 'read', reason, detail };
}
