import type {
  ClockEstimate,
  ClockFace,
  ClockStep,
  Dating,
  Interval,
  KnownClock,
} from '../core/clock.ts';
import type { DeviceId } from '../core/device.ts';
import type { Intake } from '../core/intake.ts';
import type { Recollection } from '../core/memory.ts';
import type { Instant } from '../core/observation.ts';
import type { DeviceRecord } from '../core/protocol.ts';
import {
  agreementMs,
  type ClockReading,
  clockBehindMsMax,
  delayMsMax,
  fromKnown,
  offsetAt,
  takeReading,
} from './clock-estimate.ts';
import { readClockFace } from './clock-face.ts';

/**
 * A live record’s time of arrival is better than a corrected one that is less sure than this and
 * what its clock shows at all.
 */
const liveUncertaintyMsMax = 2_000;
/** What was kept in a device’s memory is dated as well as this, or not at all. */
const storedUncertaintyMsMax = 10 * 60_000;
/** No meter keeps a result for longer. */
const storedAgeMsMax = 5 * 365 * 24 * 3_600_000;

/** What dating depends on besides the record. */
export interface Arrival {
  readonly receivedAt: Instant;
  /** The same moment on the monotonic clock. */
  readonly monotonicMs: number;
  readonly provisional: Dating['provisional'];
}

/** What is known of a device’s clock before anything was read from it. */
export interface ClockKnowledge {
  /** What an earlier run wrote down. */
  readonly known: KnownClock | undefined;
  /** Of a counter that begins anew. */
  readonly clockRangeMs?: number | undefined;
}

/** As what the estimate of a device’s clock is remembered. */
export const clockMemory = 'clock';

/** When it came. Without a monotonic clock, as in a replay, the gateway’s own is taken for one. */
export function arrivalOf({
  receivedAt,
  monotonicMs,
  provisional,
}: Pick<Intake, 'receivedAt' | 'monotonicMs' | 'provisional'>): Arrival {
  return { receivedAt, monotonicMs: monotonicMs ?? receivedAt, provisional };
}

/** What is known of the device’s clock: of this run, or else what was written down in an earlier one. */
export function estimateOf(
  device: DeviceId,
  { receivedAt, monotonicMs, provisional }: Arrival,
  known: KnownClock | undefined,
  memory: Recollection,
): ClockEstimate | undefined {
  const estimate = memory.get(clockMemory, device) as ClockEstimate | undefined;
  if (estimate || !known || provisional) return estimate;
  return fromKnown(known, receivedAt - monotonicMs);
}

/**
 * Reads the device’s clock where it shows the present: as the wire says (`clockTime`), or by the
 * time of a live record. Returns the step the clock made, if it made one.
 */
export function readClock(
  device: DeviceId,
  face: ClockFace,
  arrival: Arrival,
  { known, clockRangeMs }: ClockKnowledge,
  memory: Recollection,
): ClockStep | undefined {
  const { receivedAt, monotonicMs, provisional } = arrival;
  const reading: ClockReading = {
    rawMs: face.rawMs,
    resolutionMs: face.resolutionMs,
    isZoned: face.isZoned,
    monotonicMs,
    anchorMs: provisional ? undefined : receivedAt - monotonicMs,
    rangeMs: clockRangeMs,
  };
  const { estimate, step } = takeReading(estimateOf(device, arrival, known, memory), reading);
  memory.set(clockMemory, device, estimate);
  return step;
}

/** What the time of a record shows; undefined where it has none. */
export function faceOf(time: string | undefined): ClockFace | undefined {
  return time === undefined ? undefined : readClockFace(time);
}

/**
 * When a record was measured: by its own time, where the device’s clock agrees with ours or its
 * error is known well enough, else by its arrival. Never further in the future than two right
 * clocks may differ.
 */
export function date(
  { time, isStored }: Pick<DeviceRecord, 'time' | 'isStored'>,
  arrival: Arrival,
  estimate: ClockEstimate | undefined,
  /** Of `time`, where the caller has read it already. */
  face = faceOf(time),
): Dating {
  const dated = face && byDevice(face, isStored === true, arrival, estimate);
  if (dated) return dated;
  // How long a stored record lay there, nobody can tell.
  const uncertaintyMs = isStored ? undefined : Math.max(delayMsMax, saidLateness(face, arrival));
  const { receivedAt, provisional } = arrival;
  return { at: receivedAt, clock: 'gateway', uncertaintyMs, provisional };
}

/** How late a record is if its face is right, which states its offset; 0 where that is beyond belief. */
function saidLateness(face: ClockFace | undefined, { receivedAt, provisional }: Arrival): number {
  if (!face?.isZoned || provisional) return 0;
  const age = receivedAt - face.rawMs;
  return age > 0 && age <= clockBehindMsMax ? age : 0;
}

/** It was measured as it arrived, and not kept back anywhere. */
export function isOfNow(
  { isStored }: Pick<DeviceRecord, 'isStored'>,
  { at }: Dating,
  { receivedAt }: Arrival,
): boolean {
  return !isStored && receivedAt - at <= delayMsMax;
}

function byDevice(
  face: ClockFace,
  isStored: boolean,
  arrival: Arrival,
  estimate: ClockEstimate | undefined,
): Dating | undefined {
  const { receivedAt, monotonicMs, provisional } = arrival;
  if (estimate?.isZoned !== face.isZoned) return believed(face, arrival);
  const anchorMs = receivedAt - monotonicMs;
  const present = offsetAt(estimate, monotonicMs);
  const error = { low: present.low - anchorMs, high: present.high - anchorMs };
  const isRight = error.low <= agreementMs && error.high >= -agreementMs;
  const age = receivedAt - face.rawMs;
  if (face.isZoned && isRight && !provisional && age <= clockBehindMsMax) {
    return {
      at: ownTime(face.rawMs, receivedAt),
      clock: 'device',
      uncertaintyMs: doubt(error, face),
    };
  }
  return corrected(face, isStored, arrival, estimate, error);
}

/** An offset is stated and nothing is known of the clock: it is believed within bounds. */
function believed(face: ClockFace, { receivedAt, provisional }: Arrival): Dating | undefined {
  const age = receivedAt - face.rawMs;
  const isBelievable = age >= -agreementMs && age <= clockBehindMsMax;
  if (!face.isZoned || provisional || !isBelievable) return undefined;
  return { at: ownTime(face.rawMs, receivedAt), clock: 'device', uncertaintyMs: undefined };
}

/** How far a clock of that error can be off when it shows this, either way. */
function doubt({ low, high }: Interval, { resolutionMs }: ClockFace): number {
  return Math.ceil(Math.max(high, resolutionMs - low, 1));
}

function corrected(
  { rawMs, resolutionMs }: ClockFace,
  isStored: boolean,
  { receivedAt, provisional }: Arrival,
  estimate: ClockEstimate,
  error: Interval,
): Dating | undefined {
  const isOld = isStored || rawMs - error.low < receivedAt - delayMsMax;
  const ageMs = receivedAt - (rawMs - error.low);
  const { driftPpm } = estimate;
  const driftMs = isOld ? (ageMs * (driftPpm.low + driftPpm.high)) / 2e6 : 0;
  const wanderMs = isOld ? Math.abs((ageMs * (driftPpm.high - driftPpm.low)) / 2e6) : 0;
  const width = Math.max(error.high - error.low, resolutionMs) + wanderMs;
  // The clock was set since, or perhaps it was: both explanations lie within.
  const isBeforeStep =
    estimate.stepMs !== 0 && ageMs > estimate.atMs - estimate.sinceMs + delayMsMax;
  const stepMs = isOld && isBeforeStep ? Math.abs(estimate.stepMs) : 0;
  const lateMs = isOld && !isStored && estimate.suspect ? ageMs : 0;
  const uncertaintyMs = Math.ceil(width + stepMs + lateMs);
  const ageMsMax = isStored ? storedAgeMsMax : clockBehindMsMax;
  const isSure = width <= (isOld ? storedUncertaintyMsMax : liveUncertaintyMsMax + resolutionMs);
  // Ahead of the clock it was read from: it is of a time before somebody set that clock.
  if (!isSure || ageMs > ageMsMax || -ageMs > width) return undefined;
  const at = notAfter(Math.round(rawMs - error.low + driftMs), receivedAt);
  return { at, clock: 'corrected', uncertaintyMs, provisional };
}

/** Clocks that agree may differ by a little: two times of one device stay two. */
function ownTime(rawMs: number, receivedAt: Instant): Instant {
  return Math.min(rawMs, receivedAt + agreementMs) as Instant;
}

function notAfter(instant: number, receivedAt: Instant): Instant {
  return Math.min(instant, receivedAt) as Instant;
}
