import type { ClockEstimate, KnownClock } from '../core/clock.ts';
import type { DeviceId } from '../core/device.ts';
import type { Memory } from '../core/memory.ts';
import type { Policy } from '../pipeline/policy.ts';
import { toKnown } from '../stages/clock-estimate.ts';
import { clockMemory } from '../stages/date.ts';

/** What is written down is this near to what is known. */
const toleranceMs = 1_000;
const sinceToleranceMs = 60_000;
/** Even what did not change is written down this often, for its age bounds the drift. */
const saveEveryMs = 3_600_000;

/** Says which estimates of device clocks are worth writing down: a disk of cells wears. */
export interface ClockKeeping {
  /** `anchors`: true time minus monotonic time, of the devices whose clock was read. */
  changed(
    anchors: ReadonlyMap<DeviceId, number>,
    changes: Memory,
    policy: Policy,
  ): ReadonlyMap<DeviceId, KnownClock>;
  /** They are on the disk now. */
  saved(clocks: ReadonlyMap<DeviceId, KnownClock>): void;
}

export function startClockKeeping(): ClockKeeping {
  const last = new Map<DeviceId, KnownClock>();
  return {
    changed(anchors, changes, policy) {
      const found = new Map<DeviceId, KnownClock>();
      for (const [device, anchorMs] of anchors) {
        const estimate = changes.values.get(device)?.get(clockMemory) as ClockEstimate | undefined;
        const now = estimate && toKnown(estimate, anchorMs);
        const before = last.get(device) ?? policy.devices.get(device)?.clock;
        if (now && isMaterial(now, before)) found.set(device, now);
      }
      return found;
    },
    saved(clocks) {
      for (const [device, clock] of clocks) last.set(device, clock);
    },
  };
}

function isMaterial(now: KnownClock, before: KnownClock | undefined): boolean {
  if (!before || now.isZoned !== before.isZoned || now.stepMs !== before.stepMs) return true;
  const movedMs = now.offsetMs - before.offsetMs;
  return (
    movedMs < -toleranceMs ||
    movedMs > before.uncertaintyMs + toleranceMs ||
    now.uncertaintyMs < before.uncertaintyMs / 2 ||
    Math.abs(now.since - before.since) > sinceToleranceMs ||
    Math.abs(now.at - before.at) > saveEveryMs
  );
}
