/** Whether somebody keeps the host's clock right, and says so. */
export type TimeService = 'synchronised' | 'unsynchronised' | 'none';

/** The host's clocks at one moment. */
export interface TimeSample {
  readonly wallMs: number;
  readonly monotonicMs: number;
  readonly service: TimeService;
}

/** The gateway's own time: the monotonic clock, and how far true time is ahead of it. */
export interface GatewayTime {
  readonly anchorMs: number;
  readonly isTrusted: boolean;
  /** The wall clock went away from it by so much and was not followed; 0 while the two agree. */
  readonly strayMs: number;
}

export interface TimeChange {
  readonly time: GatewayTime;
  /** The wall clock jumped. */
  readonly step?: { readonly stepMs: number; readonly isFollowed: boolean };
}

/** A Pi has no clock battery: before this it cannot know what time it is. */
export const earliestBelievableTime = Date.UTC(2026, 0, 1);
/** What a time service corrects little by little is no jump. */
const slewMsMax = 500;
/** By hand somebody corrects minutes or hours; a clock that jumps by more is broken. */
const handStepMsMax = 24 * 3_600_000;

/**
 * The time when the gateway starts. Until the true one is known it is at least the newest that was
 * ever known here (`floorMs`): no time goes back behind it.
 */
export function startTime(sample: TimeSample, floorMs: number): GatewayTime {
  const isTrusted = isKnown(sample, floorMs);
  const wallMs = isTrusted ? sample.wallMs : Math.max(sample.wallMs, floorMs);
  return { anchorMs: wallMs - sample.monotonicMs, isTrusted, strayMs: 0 };
}

/** The time a moment later. Once it is known, the monotonic clock keeps it, whatever the wall clock does. */
export function followTime(before: GatewayTime, sample: TimeSample, floorMs: number): TimeChange {
  const anchorMs = sample.wallMs - sample.monotonicMs;
  const stepMs = anchorMs - before.anchorMs;
  if (!before.isTrusted) {
    if (!isKnown(sample, floorMs)) return { time: before };
    return { time: { anchorMs, isTrusted: true, strayMs: 0 } };
  }
  const isSlewed = Math.abs(stepMs) <= slewMsMax;
  if (isSlewed) return { time: { anchorMs, isTrusted: true, strayMs: 0 } };
  const isByHand = sample.service === 'none' && Math.abs(stepMs) <= handStepMsMax;
  const isFollowed = isKnown(sample, floorMs) && (sample.service === 'synchronised' || isByHand);
  if (isFollowed) {
    return { time: { anchorMs, isTrusted: true, strayMs: 0 }, step: { stepMs, isFollowed } };
  }
  const isNew = Math.abs(stepMs - before.strayMs) > slewMsMax;
  const time = isNew ? { ...before, strayMs: stepMs } : before;
  return isNew ? { time, step: { stepMs, isFollowed } } : { time };
}

/** A time service is believed; where there is none, the wall clock, once it is behind nothing known. */
function isKnown({ wallMs, service }: TimeSample, floorMs: number): boolean {
  if (service === 'synchronised') return wallMs >= earliestBelievableTime;
  return service === 'none' && wallMs >= Math.max(floorMs, earliestBelievableTime);
}
