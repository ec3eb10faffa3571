import type { DeviceId } from '../core/device.ts';
import type { DeviceProfile } from '../core/device-profile.ts';
import type { Recollection } from '../core/memory.ts';
import type { Instant } from '../core/observation.ts';
import type { Voice } from '../core/signal.ts';

/** As much of a device as says when its silence is one. */
export interface Speaker {
  readonly profile: Pick<DeviceProfile, 'silentAfterMs'>;
  readonly isBound: boolean;
}

/** When a device was heard, on the monotonic clock, and how it is used to speak. */
interface Heard {
  readonly at: number;
  /** Damped mean of the time between its records, and how far they lie from it; 0 before there are any. */
  readonly gapMs: number;
  readonly spreadMs: number;
  readonly isQuiet: boolean;
  /** It was never heard: it is waited for since then. */
  readonly isAwaited?: boolean;
}

/** Each gap moves the mean by this part. */
const damping = 1 / 16;
/** A device that is slower than its profile says is silent after so many of its own gaps. */
const gapsMax = 4;
/** A gap counts as so many of the limit it broke, at most. */
const longGapsMax = 3;
/** Gateways start before wards do: a device with a patient that was never heard is waited for. */
const awaitedMs = 5 * 60_000;

/** A moment on both clocks: silence is measured by the one that nobody sets. */
export interface Moment {
  readonly at: Instant;
  readonly monotonicMs: number;
}

/** Somebody was heard. Returns the end of a silence, if it was one. */
export function hear(
  device: DeviceId,
  { at: receivedAt, monotonicMs: at }: Moment,
  silentAfterMs: number,
  memory: Recollection,
): Voice | undefined {
  const before = memory.get('heard', device) as Heard | undefined;
  if (!before || before.isAwaited) {
    memory.set('heard', device, { at, gapMs: 0, spreadMs: 0, isQuiet: false } satisfies Heard);
    return before?.isQuiet ? heard(device, receivedAt, at - before.at) : undefined;
  }
  const quietMs = Math.max(0, at - before.at);
  // An outage says little of how the device speaks; that it is slow shows gap by gap.
  const gap = Math.min(quietMs, longGapsMax * limitMs(before, silentAfterMs));
  const isFirst = before.gapMs === 0;
  const gapMs = step(before.gapMs, gap, isFirst);
  const spreadMs = step(before.spreadMs, Math.abs(gap - gapMs));
  memory.set('heard', device, { at, gapMs, spreadMs, isQuiet: false } satisfies Heard);
  return before.isQuiet ? heard(device, receivedAt, quietMs) : undefined;
}

function heard(device: DeviceId, at: Instant, quietMs: number): Voice {
  return { kind: 'heard', device, at, quietMs };
}

/** Once a second: who has been silent for too long, and was not a second ago. */
export function silences(
  { at: tickAt, monotonicMs: at }: Moment,
  speakers: Iterable<readonly [DeviceId, Speaker]>,
  memory: Recollection,
): readonly Voice[] {
  const quiet: Voice[] = [];
  for (const [device, speaker] of speakers) {
    const known = memory.get('heard', device) as Heard | undefined;
    if (!known) {
      if (!speaker.isBound) continue;
      const awaited = { at, gapMs: 0, spreadMs: 0, isQuiet: false, isAwaited: true };
      memory.set('heard', device, awaited satisfies Heard);
    } else if (!known.isQuiet && at - known.at > limitMs(known, speaker.profile.silentAfterMs)) {
      memory.set('heard', device, { ...known, isQuiet: true } satisfies Heard);
      const { isBound } = speaker;
      quiet.push({ kind: 'quiet', device, at: tickAt, quietMs: at - known.at, isBound });
    }
  }
  return quiet;
}

function limitMs({ gapMs, spreadMs, isAwaited }: Heard, silentAfterMs: number): number {
  if (isAwaited) return Math.max(awaitedMs, silentAfterMs);
  return Math.max(silentAfterMs, gapsMax * (gapMs + spreadMs));
}

function step(mean: number, value: number, isFirst = false): number {
  return isFirst ? value : mean + damping * (value - mean);
}
