import type {
  ClockEstimate,
  ClockFace,
  ClockStep,
  Interval,
  KnownClock,
  ReadingWindow,
} from '../core/clock.ts';

/** A live record is under way at most this long; what takes longer was kept back by its device. */
export const delayMsMax = 30_000;
/** Of all the readings of a window, the quickest took no longer than this on its way. */
const delayMsMin = 100;
/** Delays that differ by no more than this are those of a link without a queue. */
const steadyMsMax = 1_000;
/** No quartz is worse; a clock that is was set meanwhile. */
const driftPpmMax = 200;
/** A quartz changes its rate by so much when it gets warm. */
const driftWanderPpm = 5;
/** Rates are compared over at least this time. */
const driftMsMin = 3_600_000;

const windowCountMax = 64;
const windowMsMax = 10 * 60_000;
/** Before this a clock that seems set back may be a record that comes late. */
const suspectCountMin = 8;
const suspectMsMin = 10_000;
/**
 * A clock that states its offset from UTC is one that somebody keeps: what comes behind it is a
 * backlog sent at the pace of its making, unless that goes on for longer than this.
 */
const backlogMsMax = 10 * 60_000;
/** Two clocks that somebody keeps right agree to this. */
export const agreementMs = 1_000;
/** A device may hold what it measured for as long as it was out of reach, and no longer. */
export const clockBehindMsMax = 31 * 24 * 60 * 60 * 1_000;
const hourMs = 3_600_000;
const dayMs = 24 * hourMs;

/** A device's clock as it was read, and when that was. */
export interface ClockReading extends ClockFace {
  /** When it arrived, on the clock nobody sets. */
  readonly monotonicMs: number;
  /** True time minus monotonic time; undefined while the gateway does not know the time. */
  readonly anchorMs: number | undefined;
  /** The device's clock is a counter that begins anew after so long. */
  readonly rangeMs: number | undefined;
}

export interface EstimateAfter {
  readonly estimate: ClockEstimate;
  readonly step?: ClockStep;
}

/**
 * One more reading of a device's clock. Each says that the clock is at least `face - arrival` ahead
 * of the monotonic clock, for nothing arrives before it was sent; and where several took alike long,
 * none took long, which bounds it from above. Between readings the bounds widen with the drift.
 */
export function takeReading(
  before: ClockEstimate | undefined,
  reading: ClockReading,
): EstimateAfter {
  if (!before || before.isZoned !== reading.isZoned || isOutgrown(before, reading)) {
    return { estimate: begin(reading, 0) };
  }
  const offset = offsetAt(before, reading.monotonicMs);
  const seen = reading.rawMs - reading.monotonicMs;
  const isAhead = seen > offset.high;
  const isBehind = seen < offset.low - delayMsMax;
  if (!isAhead && !isBehind) return { estimate: goOn(before, offset, reading, seen) };

  const isUnconfirmed = isOfEarlierRun(before);
  // Two clocks that agree are right, whatever the gateway took for the time in an earlier run.
  if (isUnconfirmed && agrees(reading, seen)) return { estimate: begin(reading, 0) };
  // Nothing that is late makes the face go back, where a device keeps its order.
  const hasGoneBack = reading.rawMs < before.lastRawMs - delayMsMax;
  // A clock that was right is late, however steadily: it sends what it kept.
  const isDoubtful = isUnconfirmed && !wasRight(offset, reading);
  if (isAhead || hasGoneBack || before.suspect || isDoubtful) {
    const shift = exactShift(seen, offset, reading);
    if (shift) {
      const shifted = shiftBy(before, shift.stepMs);
      const there = offsetAt(shifted, reading.monotonicMs);
      return { estimate: goOn(shifted, there, reading, seen), step: shift };
    }
    if (isAhead) return set(reading, seen - offset.high);
    return doubt(before, offset, reading, seen);
  }
  return { estimate: { ...before, lastRawMs: reading.rawMs } };
}

/**
 * Nobody could hold it against the time when it began, and somebody can now: a face that states its
 * offset may have been right then, and all it said late.
 */
function isOutgrown({ isAnchored }: ClockEstimate, { isZoned, anchorMs }: ClockReading): boolean {
  return isZoned && !isAnchored && anchorMs !== undefined;
}

/** As it was written down, and nothing that was read since goes with it. */
function isOfEarlierRun({ base, window }: ClockEstimate): boolean {
  return base === undefined && window.count === 0;
}

/** It states its offset, and agreed when it was last heard. */
function wasRight({ low, high }: Interval, { isZoned, anchorMs }: ClockReading): boolean {
  if (!isZoned || anchorMs === undefined) return false;
  return low <= anchorMs + agreementMs && high >= anchorMs - agreementMs;
}

/** It states its offset, and shows what it should, not counting the way here. */
function agrees({ isZoned, anchorMs }: ClockReading, seen: number): boolean {
  if (!isZoned || anchorMs === undefined) return false;
  return seen <= anchorMs + agreementMs && seen >= anchorMs - delayMsMax;
}

/** The clock's distance from the monotonic clock at that moment. */
export function offsetAt({ offset, atMs, driftPpm }: ClockEstimate, monotonicMs: number): Interval {
  const passed = monotonicMs - atMs;
  const [slow, fast] = passed >= 0 ? [driftPpm.low, driftPpm.high] : [driftPpm.high, driftPpm.low];
  return { low: offset.low + (passed * slow) / 1e6, high: offset.high + (passed * fast) / 1e6 };
}

const anyDrift: Interval = { low: -driftPpmMax, high: driftPpmMax };

/**
 * A clock that states its offset from UTC and is not ahead is taken for right and its record for
 * late, until it is known better; of a local clock only the reading itself is known.
 */
function begin(reading: ClockReading, stepMs: number): ClockEstimate {
  const { rawMs, monotonicMs, isZoned, resolutionMs, anchorMs } = reading;
  const seen = rawMs - monotonicMs;
  const high = seen + resolutionMs + delayMsMin + delayMsMax;
  const isBelievable = isZoned && anchorMs !== undefined && seen >= anchorMs - clockBehindMsMax;
  const offset = {
    low: seen,
    high: isBelievable ? Math.max(high, anchorMs + agreementMs) : high,
  };
  return {
    isZoned,
    offset,
    atMs: monotonicMs,
    driftPpm: anyDrift,
    base: undefined,
    window: windowOf(seen, monotonicMs),
    sinceMs: monotonicMs,
    readings: 1,
    stepMs,
    lastRawMs: rawMs,
    isAnchored: anchorMs !== undefined,
    suspect: undefined,
  };
}

function set(reading: ClockReading, stepMs: number): EstimateAfter {
  const unbelieved = { ...reading, anchorMs: undefined };
  const estimate = { ...begin(unbelieved, stepMs), isAnchored: reading.anchorMs !== undefined };
  return { estimate, step: { cause: 'set', stepMs } };
}

function goOn(
  before: ClockEstimate,
  offset: Interval,
  reading: ClockReading,
  seen: number,
): ClockEstimate {
  const { rawMs, monotonicMs, resolutionMs } = reading;
  const window = widened(before.window, seen, monotonicMs);
  const low = Math.max(offset.low, seen);
  const quickest = window.highest + resolutionMs + delayMsMin + shortestDelay(window, resolutionMs);
  const driftMs = ((monotonicMs - window.sinceMs) * driftPpmMax) / 1e6;
  const bound = quickest + driftMs;
  // A link that has become slower says nothing new from above.
  const isNews = bound >= low && !mayBeBacklog(before, { low, high: offset.high }, reading);
  const high = isNews ? Math.min(offset.high, bound) : offset.high;
  const after: ClockEstimate = {
    isZoned: before.isZoned,
    offset: { low, high },
    atMs: monotonicMs,
    driftPpm: before.driftPpm,
    base: before.base,
    window,
    sinceMs: before.sinceMs,
    readings: before.readings + 1,
    stepMs: before.stepMs,
    lastRawMs: rawMs,
    isAnchored: before.isAnchored,
    suspect: undefined,
  };
  const isFull = window.count >= windowCountMax || monotonicMs - window.sinceMs >= windowMsMax;
  return isFull ? measureDrift(after) : after;
}

/** The clock may still be right and all it said late. */
function mayBeBacklog(
  { sinceMs, stepMs }: ClockEstimate,
  { low, high }: Interval,
  { isZoned, anchorMs, monotonicMs }: ClockReading,
): boolean {
  if (!isZoned || stepMs !== 0 || anchorMs === undefined) return false;
  const mayBeRight = low < anchorMs - agreementMs && high >= anchorMs - agreementMs;
  return mayBeRight && monotonicMs - sinceMs < backlogMsMax;
}

/** Full windows are compared, an hour and more apart. */
function measureDrift(estimate: ClockEstimate): ClockEstimate {
  const { base, offset, atMs, driftPpm } = estimate;
  const window = emptyWindow;
  if (!base) return { ...estimate, window, base: { offset, atMs } };
  const passed = atMs - base.atMs;
  if (passed < driftMsMin) return { ...estimate, window };
  const slow = ((offset.low - base.offset.high) / passed) * 1e6 - driftWanderPpm;
  const fast = ((offset.high - base.offset.low) / passed) * 1e6 + driftWanderPpm;
  const low = Math.max(driftPpm.low, slow);
  const high = Math.min(driftPpm.high, fast);
  // Where the two contradict each other, the quartz has changed its rate: what is newer holds.
  const isOpen = low <= high;
  const drift = isOpen ? { low, high } : { low: slow, high: fast };
  return { ...estimate, window, driftPpm: drift };
}

/** A step of a known size: another zone at a day on which zones change, or a counter's new start. */
function exactShift(
  seen: number,
  offset: Interval,
  { rangeMs, isZoned, anchorMs, monotonicMs }: ClockReading,
): ClockStep | undefined {
  const fits = (stepMs: number) =>
    seen - stepMs <= offset.high && seen - stepMs >= offset.low - delayMsMax;
  if (rangeMs !== undefined) {
    const stepMs = Math.round((seen - offset.low) / rangeMs) * rangeMs;
    if (stepMs !== 0 && fits(stepMs)) return { cause: 'rollover', stepMs };
  }
  const mayChangeZone = !isZoned && anchorMs !== undefined && isZoneDay(anchorMs + monotonicMs);
  if (!mayChangeZone) return undefined;
  const stepMs = seen > offset.high ? hourMs : -hourMs;
  return fits(stepMs) ? { cause: 'zone', stepMs } : undefined;
}

/** In the months in which summer time begins or ends somewhere, and about a Sunday. */
function isZoneDay(instant: number): boolean {
  const date = new Date(instant);
  const isMonth = [2, 3, 8, 9, 10].includes(date.getUTCMonth());
  const isSunday = [instant - dayMs / 2, instant, instant + dayMs / 2].some(
    (near) => new Date(near).getUTCDay() === 0,
  );
  return isMonth && isSunday;
}

function shiftBy(estimate: ClockEstimate, stepMs: number): ClockEstimate {
  const { offset, base, window, lastRawMs } = estimate;
  const moved = ({ low, high }: Interval) => ({ low: low + stepMs, high: high + stepMs });
  return {
    ...estimate,
    offset: moved(offset),
    base: base && { ...base, offset: moved(base.offset) },
    window: { ...window, lowest: window.lowest + stepMs, highest: window.highest + stepMs },
    lastRawMs: lastRawMs + stepMs,
  };
}

/** Readings that stay where they are for a while are no late ones: those catch up. */
function doubt(
  before: ClockEstimate,
  offset: Interval,
  reading: ClockReading,
  seen: number,
): EstimateAfter {
  const { rawMs, monotonicMs, resolutionMs } = reading;
  const own = before.suspect ?? windowOf(seen, monotonicMs);
  const all = before.suspect ? widened(own, seen, monotonicMs) : own;
  const isSteady = all.highest - all.lowest <= delayMsMax;
  const suspect = isSteady ? all : windowOf(seen, monotonicMs);
  const isCertain =
    suspect.count >= suspectCountMin && monotonicMs - suspect.sinceMs >= suspectMsMin;
  if (!isCertain) return { estimate: { ...before, lastRawMs: rawMs, suspect } };
  const { estimate, step } = set(reading, suspect.highest - offset.low);
  const high = suspect.highest + resolutionMs + delayMsMin + shortestDelay(suspect, resolutionMs);
  const settled: ClockEstimate = {
    ...estimate,
    offset: { low: suspect.highest, high },
    window: suspect,
    sinceMs: suspect.sinceMs,
    readings: suspect.count,
  };
  return step ? { estimate: settled, step } : { estimate: settled };
}

const emptyWindow: ReadingWindow = {
  count: 0,
  sinceMs: 0,
  lowest: Number.POSITIVE_INFINITY,
  highest: Number.NEGATIVE_INFINITY,
};

function windowOf(seen: number, monotonicMs: number): ReadingWindow {
  return { count: 1, sinceMs: monotonicMs, lowest: seen, highest: seen };
}

function widened(window: ReadingWindow, seen: number, monotonicMs: number): ReadingWindow {
  if (window.count === 0) return windowOf(seen, monotonicMs);
  return {
    count: Math.min(window.count + 1, windowCountMax),
    sinceMs: window.sinceMs,
    lowest: Math.min(window.lowest, seen),
    highest: Math.max(window.highest, seen),
  };
}

/** A window misleads once in a million: then its delays were alike by chance. */
const chance = 1e-6;
/** By count, the longest spread of delays that would look like a spread of 1. */
const spreadFactor = Array.from({ length: windowCountMax + 1 }, (_, count) =>
  count > 1 ? chance ** (-1 / (count - 1)) : Number.POSITIVE_INFINITY,
);

/**
 * The delay the quickest reading of this window may have had, in ms. A link whose delays are alike
 * has short ones; where they are not, the quickest may have waited behind others (a queue).
 */
function shortestDelay({ count, lowest, highest }: ReadingWindow, resolutionMs: number): number {
  const longest = (spreadFactor[count] ?? 1) * (highest - lowest + 1);
  return longest <= steadyMsMax + resolutionMs ? longest : delayMsMax;
}

/** What is kept of an estimate, in true time. */
export function toKnown(estimate: ClockEstimate, anchorMs: number): KnownClock {
  const { isZoned, offset, driftPpm, readings, atMs, sinceMs, stepMs } = estimate;
  return {
    isZoned,
    offsetMs: offset.low - anchorMs,
    uncertaintyMs: offset.high - offset.low,
    driftLowPpm: driftPpm.low,
    driftHighPpm: driftPpm.high,
    readings,
    at: Math.round(atMs + anchorMs),
    since: Math.round(sinceMs + anchorMs),
    stepMs,
  };
}

/** The inverse, on the monotonic clock of another run. */
export function fromKnown(known: KnownClock, anchorMs: number): ClockEstimate {
  const low = known.offsetMs + anchorMs;
  return {
    isZoned: known.isZoned,
    offset: { low, high: low + known.uncertaintyMs },
    atMs: known.at - anchorMs,
    driftPpm: { low: known.driftLowPpm, high: known.driftHighPpm },
    base: undefined,
    window: emptyWindow,
    sinceMs: known.since - anchorMs,
    readings: known.readings,
    stepMs: known.stepMs,
    lastRawMs: Number.NEGATIVE_INFINITY,
    isAnchored: true,
    suspect: undefined,
  };
}
