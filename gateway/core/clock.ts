import type { Instant } from './observation.ts';

/**
 * How the moment of a measurement is known: the device's clock said it and agrees with ours, the
 * device's clock said it and its error was taken off, or it is when the gateway received it.
 */
export type ClockSource = 'device' | 'corrected' | 'gateway';

/**
 * A moment of one run of the machine, on the clock that nobody sets. What was dated while the
 * gateway did not know the time carries the moment of its arrival so, for the repair.
 */
export interface Provisional {
  /** The machine's own name for this run of it. */
  readonly boot: string;
  /** Milliseconds since the machine started. */
  readonly monotonicMs: number;
}

/** When something was measured, and how that is known. */
export interface Dating {
  readonly at: Instant;
  readonly clock: ClockSource;
  /** `at` is at most this far off; undefined where nobody can say. */
  readonly uncertaintyMs: number | undefined;
  /** Present while the gateway's own time is not trusted: all its instants move when it is. */
  readonly provisional?: Provisional | undefined;
}

/** What a device's clock showed, as a number. */
export interface ClockFace {
  /** Milliseconds since the epoch; where no offset is stated, as if the face showed UTC. */
  readonly rawMs: number;
  /** The face stood like this for so long. */
  readonly resolutionMs: number;
  /** It states its offset from UTC. */
  readonly isZoned: boolean;
}

/** Bounds of something that is not known better. */
export interface Interval {
  readonly low: number;
  readonly high: number;
}

/**
 * What is known of one device's clock: its distance from the monotonic clock, so that nobody who
 * sets the gateway's clock disturbs it. Plain data, replaced with each reading.
 */
export interface ClockEstimate {
  readonly isZoned: boolean;
  /** Device clock minus monotonic clock at `atMs`, in milliseconds: the truth lies within. */
  readonly offset: Interval;
  /** When the last reading came, on the monotonic clock. */
  readonly atMs: number;
  readonly driftPpm: Interval;
  /** Where drift is measured from. */
  readonly base: { readonly offset: Interval; readonly atMs: number } | undefined;
  readonly window: ReadingWindow;
  /** Since the clock was last set, as far as anybody noticed. */
  readonly sinceMs: number;
  readonly readings: number;
  /** By how much the clock was set when this estimate began; 0 where it was not. */
  readonly stepMs: number;
  /** What the face showed last. */
  readonly lastRawMs: number;
  /** The gateway knew the time when it began: what came late could be told from a clock that is behind. */
  readonly isAnchored: boolean;
  /** Readings that say the clock was set back, or that they come late: not yet known which. */
  readonly suspect: ReadingWindow | undefined;
}

/** Readings together, each as face minus monotonic clock. */
export interface ReadingWindow {
  readonly count: number;
  readonly sinceMs: number;
  readonly lowest: number;
  readonly highest: number;
}

/** What became of a device's clock, when it did not just go on. */
export interface ClockStep {
  /** Somebody set it, its zone changed, or its counter began anew. */
  readonly cause: 'set' | 'zone' | 'rollover';
  readonly stepMs: number;
}

/** What of an estimate outlives the process: against true time, for the monotonic clock ends. */
export interface KnownClock {
  readonly isZoned: boolean;
  /** Device clock minus true time, the least it can be. */
  readonly offsetMs: number;
  /** The truth is at most this much more. */
  readonly uncertaintyMs: number;
  readonly driftLowPpm: number;
  readonly driftHighPpm: number;
  readonly readings: number;
  /** The last reading and the last setting of the clock, in true time. */
  readonly at: number;
  readonly since: number;
  readonly stepMs: number;
}

const quarterMs = 15 * 60_000;
const zoneMsMin = -12 * 3_600_000;
const zoneMsMax = 14 * 3_600_000;
/** A clock this near to a quarter of an hour is one of another zone, and a little wrong. */
const zoneToleranceMs = 5 * 60_000;

/**
 * The zone a local clock seems to run in, in minutes east of UTC, and what is left of its error.
 * No zone where the distance is none of any zone on earth: such a clock is wrong.
 */
export function zoneOf(offsetMs: number): {
  readonly zoneMinutes: number | undefined;
  readonly errorMs: number;
} {
  const zoneMs = Math.round(offsetMs / quarterMs) * quarterMs;
  const isZone =
    zoneMs >= zoneMsMin && zoneMs <= zoneMsMax && Math.abs(offsetMs - zoneMs) <= zoneToleranceMs;
  if (!isZone) return { zoneMinutes: undefined, errorMs: offsetMs };
  return { zoneMinutes: zoneMs / 60_000, errorMs: offsetMs - zoneMs };
}
/** Moves what was dated provisionally to where it belongs. `anchorMs` is true time minus monotonic. */
export function repaired<Dated extends { readonly at: Instant; readonly receivedAt: Instant }>(
  dated: Dated & { readonly provisional?: Provisional | undefined },
  anchorMs: number,
): Dated {
  const { provisional, ...rest } = dated;
  if (!provisional) return dated;
  const receivedAt = Math.round(provisional.monotonicMs + anchorMs) as Instant;
  const at = (dated.at + receivedAt - dated.receivedAt) as Instant;
  return { ...rest, at, receivedAt } as unknown as Dated;
}

const faceForm = /^[\dT:.Z+-]{10,35}$/;

/** What a clock shows, and nothing else: a device’s own text might name somebody. */
export function isClockFace(text: unknown): text is string {
  return typeof text === 'string' && faceForm.test(text);
}
