import type { ClockFace } from '../core/clock.ts';
import type { DeviceId } from '../core/device.ts';
import type { Recollection } from '../core/memory.ts';

/** Since when, by the device’s own clock, it was heard without a gap, and until when. */
interface Covered {
  readonly fromMs: number;
  readonly toMs: number;
}

/** What was measured together arrives together, give or take. */
const disorderMsMax = 10_000;

/**
 * How far a record lies behind what its device has said already, where all of that time was heard of
 * as it went by: nothing was missing there that could come later. Zero for what goes on, for what fills
 * a gap, and for what is older than all that was heard. `gapMsMax`: a longer silence is a gap.
 */
export function behindMs(
  device: DeviceId,
  { rawMs }: Pick<ClockFace, 'rawMs'>,
  gapMsMax: number,
  memory: Recollection,
): number {
  const covered = memory.get('covered', device) as Covered | undefined;
  if (covered && rawMs > covered.fromMs && rawMs <= covered.toMs) {
    const behind = covered.toMs - rawMs;
    return behind > disorderMsMax ? behind : 0;
  }
  if (covered && rawMs <= covered.fromMs) return 0;
  const isOn = covered !== undefined && rawMs - covered.toMs <= Math.min(gapMsMax, disorderMsMax);
  memory.set('covered', device, { fromMs: isOn ? covered.fromMs : rawMs, toMs: rawMs });
  return 0;
}

/** The clock was set: what it says from now on is compared with nothing from before. */
export function forgetCovered(device: DeviceId, memory: Recollection): void {
  memory.set('covered', device, undefined);
}
