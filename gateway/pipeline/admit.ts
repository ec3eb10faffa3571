import { isSubject } from '../core/association.ts';
import type { ClockFace } from '../core/clock.ts';
import type { DeviceId } from '../core/device.ts';
import type { Intake, Rejection, RejectionReason } from '../core/intake.ts';
import { type Memory, type Recollection, recollect } from '../core/memory.ts';
import type { Observation } from '../core/observation.ts';
import { type DeviceRecord, noBytes } from '../core/protocol.ts';
import { isWithheld } from '../core/quarantine.ts';
import type { Signal, Voice } from '../core/signal.ts';
import { openWard, type Ward } from '../core/ward.ts';
import { byteEntropy } from '../features/byte-entropy.ts';
import { behindMs, forgetCovered } from '../stages/advance.ts';
import { associate, distrust } from '../stages/associate.ts';
import { check } from '../stages/check.ts';
import { arrivalOf, date, estimateOf, faceOf, isOfNow, readClock } from '../stages/date.ts';
import { decode } from '../stages/decode.ts';
import { detect } from '../stages/detect.ts';
import { doubt } from '../stages/doubt.ts';
import { noteFirmware } from '../stages/firmware.ts';
import { isBeyond, limitTelemetry } from '../stages/limit.ts';
import { move } from '../stages/move.ts';
import { prove } from '../stages/prove.ts';
import { quarantine } from '../stages/quarantine.ts';
import { type Reading, read } from '../stages/read.ts';
import { recognise } from '../stages/recognise.ts';
import { redact, redactFindings } from '../stages/redact.ts';
import { hear, type Speaker, silences } from '../stages/silence.ts';
import {
  damageSignal,
  doubtSignal,
  injectionSignal,
  leakSignal,
  messageSignal,
  rejectionSignal,
} from '../stages/tell.ts';
import type {
  Admission,
  ClockStepped,
  Departure,
  HeldCause,
  HeldObservations,
  LineLoss,
} from './admission.ts';
import { depart } from './depart.ts';
import { departedSignals } from './departed.ts';
import { type KnownDevice, known, type Policy } from './policy.ts';

/**
 * The straight line from what devices said to what the hospital may have. No I/O, no clock, no
 * chance: the same batch, policy and memory give the same admission. Each intake's device must be
 * known to the policy.
 */
export function admit(
  batch: readonly Intake[],
  linkSignals: readonly Signal[],
  policy: Policy,
  before: Memory,
): Admission {
  const memory = recollect(before);
  const draft: Draft = {
    ward: openWard(policy.devices, policy.stays),
    departures: [],
    uncarried: [],
    fed: [],
    held: [],
    observed: [],
    quarantined: new Map(),
    announced: new Map(),
    rejected: [],
    losses: new Map(),
    voices: [],
    clockSteps: [],
    clockAnchors: new Map(),
    counters: new Map(),
    replies: [],
  };
  const signals: Signal[] = [...linkSignals];
  for (const intake of batch) admitProven(intake, policy, memory, draft, signals);
  for (const signal of linkSignals) {
    if (signal.kind === 'tick') draft.voices.push(...silences(signal, speakersOf(policy), memory));
  }
  const { ward, ...drafted } = draft;
  const { rejected, signals: named } = redact(draft.rejected, policy.names);
  signals.push(...draft.voices, ...draft.clockSteps, ...rejected.map(rejectionSignal), ...named);
  const at = batch.at(-1)?.receivedAt;
  signals.push(...departedSignals(draft.departures, policy.devices, at));
  const profileOf = (id: string) => policy.devices.get(id)?.profile;
  const found = detect(signals, policy.watches, profileOf, memory);
  const findings = redactFindings(found, policy.names);
  const { changes: bindings, stays } = ward;
  return { ...drafted, rejected, bindings, stays, signals, findings, changes: memory.changes };
}

/** An admission while its batch is admitted. */
interface Draft {
  readonly ward: Ward;
  readonly departures: Departure[];
  readonly uncarried: Departure[];
  readonly fed: Departure[];
  readonly held: HeldObservations[];
  readonly observed: (readonly Observation[])[];
  readonly quarantined: Map<DeviceId, number>;
  readonly announced: Map<DeviceId, string>;
  readonly rejected: Rejection[];
  readonly losses: Map<DeviceId, LineLoss>;
  readonly voices: Voice[];
  readonly clockSteps: ClockStepped[];
  readonly clockAnchors: Map<DeviceId, number>;
  readonly counters: Map<DeviceId, number>;
  readonly replies: Uint8Array[];
}

/** What its device has signed, where it signs. A message that is not proven is none, nor a sign of life. */
function admitProven(
  intake: Intake,
  policy: Policy,
  memory: Recollection,
  draft: Draft,
  signals: Signal[],
): void {
  const { profile, deviceKey } = known(policy, intake.device);
  const proven = prove(intake, profile, deviceKey, memory);
  if ('rejection' in proven) {
    draft.replies.push(noBytes);
    draft.rejected.push(proven.rejection);
    signals.push(messageSignal(intake, 0, byteEntropy(intake.bytes)));
    return;
  }
  if (proven.counter !== undefined) draft.counters.set(intake.device, proven.counter);
  admitIntake(proven.intake, policy, memory, draft, signals);
}

function admitIntake(
  intake: Intake,
  policy: Policy,
  memory: Recollection,
  draft: Draft,
  signals: Signal[],
): void {
  const { device: id } = intake;
  const device = known(policy, id);
  const reading = read(intake, device.profile, device.protocol, policy.salt, memory);
  draft.replies.push(reading.reply);
  draft.rejected.push(...reading.rejected);
  if (!intake.isTurn) {
    signals.push(messageSignal(intake, reading.records.length, byteEntropy(intake.bytes)));
  }
  if (reading.discardedBytes > 0) signals.push(damageSignal(intake, reading.discardedBytes));
  addLoss(draft.losses, id, reading);
  const { clockTime, records } = reading;
  const clockFace = faceOf(clockTime);
  if (clockFace) seeClock(clockFace, intake, device, memory, draft);
  if (records.length > 0) {
    const { monotonicMs } = arrivalOf(intake);
    const moment = { at: intake.receivedAt, monotonicMs };
    const heard = hear(id, moment, device.profile.silentAfterMs, memory);
    if (heard) draft.voices.push(heard);
  }
  const rejectedBefore = draft.rejected.length - reading.rejected.length;
  const isOver = isBeyond(intake, device.perSecondMax, memory);
  for (const { key, record } of records) {
    if (record.admission) {
      draft.rejected.push(...admitMovement(intake, record, device, draft.ward));
      continue;
    }
    const recognition = recognise(
      id,
      record,
      device.serialNumber ?? draft.announced.get(id),
      memory,
    );
    if (recognition === 'new') draft.announced.set(id, record.serialNumber ?? '');
    if (recognition === 'swapped') {
      signals.push({ kind: 'device-swapped', device: id, at: intake.receivedAt });
    }
    const isItself = recognition === 'known' || recognition === 'new';
    const { receivedAt } = intake;
    const update =
      isItself && noteFirmware(id, record.firmware, device.profile, receivedAt, memory);
    if (update) signals.push(update);
    const { time, isStored } = record;
    // Another device's clock, or one that tells of the past, says nothing of this one's present.
    const isReading = isItself && clockTime === undefined && !isStored;
    const face = faceOf(time);
    if (isReading && face) {
      seeClock(face, intake, device, memory, draft);
      const behind = behindMs(id, face, device.profile.silentAfterMs, memory);
      if (behind > 0) {
        signals.push({
          kind: 'not-advancing',
          device: id,
          at: intake.receivedAt,
          behindMs: behind,
        });
      }
    }
    const standing = { isItself, isOver };
    admitRecord(key, record, face, standing, intake, policy, memory, draft, signals);
  }
  if (draft.rejected.length > rejectedBefore) {
    const found = injectionSignal(intake, draft.rejected.slice(rejectedBefore));
    if (found) signals.push(found);
  }
}

function* speakersOf({ devices }: Policy): Iterable<readonly [DeviceId, Speaker]> {
  for (const [id, { profile, associations }] of devices) {
    const [latest] = associations;
    yield [
      id as DeviceId,
      { profile, isBound: latest !== undefined && latest.until === undefined },
    ];
  }
}

function seeClock(
  face: ClockFace,
  intake: Intake,
  { clock, protocol: { clockRangeMs } }: KnownDevice,
  memory: Recollection,
  draft: Draft,
): void {
  const { device, receivedAt } = intake;
  const arrival = arrivalOf(intake);
  const step = readClock(device, face, arrival, { known: clock, clockRangeMs }, memory);
  if (!arrival.provisional) draft.clockAnchors.set(device, receivedAt - arrival.monotonicMs);
  if (step) forgetCovered(device, memory);
  if (step) draft.clockSteps.push({ kind: 'clock-stepped', device, at: receivedAt, ...step });
}

function admitRecord(
  key: string,
  record: DeviceRecord,
  face: ClockFace | undefined,
  /** Whether the device is who it was, and whether it says more than it may. */
  { isItself, isOver }: { readonly isItself: boolean; readonly isOver: boolean },
  intake: Intake,
  policy: Policy,
  memory: Recollection,
  draft: Draft,
  signals: Signal[],
): void {
  const { device: id, receivedAt } = intake;
  const { profile, plan, clock, lanes, quarantine: mode } = known(policy, id);
  const arrival = arrivalOf(intake);
  const dating = date(record, arrival, estimateOf(id, arrival, clock, memory), face);
  const decoded = decode({ key, device: id, plan, record, receivedAt, dating });
  const checked = check(decoded.observations);
  // What waits for a person anyway waits for that.
  const isLimited = isOver && isItself && !isWithheld(mode);
  const kept = isLimited
    ? limitTelemetry(checked.observations)
    : { observations: checked.observations, held: [] };
  hold(draft, id, 'limited', kept.held);
  draft.rejected.push(...decoded.rejected, ...checked.rejected);
  const isPresent = isOfNow(record, dating, arrival);
  // A record that names its own patient says nothing of whoever comes to the device next.
  const isShown = isItself && isPresent && !isWithheld(mode);
  let sound = kept.observations;
  if (isShown && profile.association === 'device') {
    const [latest] = draft.ward.associationsOf(id);
    const since = latest?.until === undefined ? (latest?.since ?? 0) : latest.until;
    const doubting = doubt(id, sound, since, memory);
    signals.push(...doubting.doubted.map((one) => doubtSignal(intake, one)));
    sound = doubting.observations;
    draft.observed.push(sound);
  }
  // What another device said under this one's name is not this one's, whatever is decided of it.
  const trusted = quarantine(sound, isItself ? mode : undefined);
  const { observations, held } = isItself
    ? associate(trusted.observations, draft.ward.associationsOf(id), isPresent)
    : distrust(trusted.observations);
  if (trusted.count > 0) {
    draft.quarantined.set(id, trusted.count + (draft.quarantined.get(id) ?? 0));
  }
  hold(draft, id, 'quarantined', trusted.held);
  hold(draft, id, isItself ? 'unbound' : 'swapped', held);
  // What is withheld here is withheld from every destination, and said there.
  if (policy.feed) {
    const fed = { departures: draft.fed, uncarried: [] };
    const { leaks } = depart(observations, lanes, policy, [policy.feed], fed);
    signals.push(...leaks.map(leakSignal));
  }
  if (policy.destinations.length > 0) {
    const left = depart(observations, lanes, policy, policy.destinations, draft);
    draft.rejected.push(...left.rejected);
    signals.push(...left.leaks.map(leakSignal));
  } else hold(draft, id, 'no-relay', observations);
}

function hold(
  draft: Draft,
  device: DeviceId,
  cause: HeldCause,
  observations: readonly Observation[],
): void {
  if (observations.length > 0) draft.held.push({ device, cause, observations });
}

/**
 * Who lies where, said by whoever may say so. What follows in the same batch is bound by it already.
 * Its answer was given by the protocol: AA stands for what is applied and for what changes nothing.
 */
function admitMovement(
  { device: feed, receivedAt, provisional }: Intake,
  { admission, time, isTest }: DeviceRecord,
  { profile }: KnownDevice,
  ward: Ward,
): readonly Rejection[] {
  if (!admission) return [];
  const { event, subject, trigger } = admission;
  const refuse = (reason: RejectionReason, detail: string = trigger): readonly Rejection[] => [
    { device: feed, at: receivedAt, stage: 'associate', reason, detail },
  ];
  if (profile.association !== 'feed') return refuse('not-authorised');
  if (isTest) return refuse('test-data');
  if (event !== 'other' && !isSubject(subject)) return refuse('placeholder-subject');
  const isProvisional = provisional !== undefined;
  const notApplied = move({ feed, admission, time, receivedAt, isProvisional }, ward);
  if (notApplied === undefined) return [];
  if (notApplied === 'unknown-bed') return refuse('unknown-bed');
  return refuse('not-applied', `${trigger} ${notApplied}`);
}

function addLoss(losses: Map<DeviceId, LineLoss>, device: DeviceId, reading: Reading): void {
  const { discardedBytes, missedMessages = 0, lateMessages = 0 } = reading;
  if (discardedBytes + missedMessages + lateMessages === 0) return;
  const before = losses.get(device);
  losses.set(device, {
    discardedBytes: discardedBytes + (before?.discardedBytes ?? 0),
    missedMessages: missedMessages + (before?.missedMessages ?? 0),
    lateMessages: lateMessages + (before?.lateMessages ?? 0),
  });
}
