import type { Dating } from '../../gateway/core/clock.ts';
import type { DeviceId } from '../../gateway/core/device.ts';
import { createMemory, recollect } from '../../gateway/core/memory.ts';
import type { Instant } from '../../gateway/core/observation.ts';
import {
  arrivalOf,
  type ClockKnowledge,
  clockMemory,
  date,
  estimateOf,
  faceOf,
  readClock,
} from '../../gateway/stages/date.ts';

const device = 'dev-1' as DeviceId;

/** A device's clock: what it shows at a moment of true time. */
export interface SimulatedClock {
  readonly offsetMs: number;
  readonly driftPpm?: number;
  /** True time from which the drift counts. */
  readonly since: number;
  readonly resolutionMs?: number;
  readonly isZoned?: boolean;
}

export function shownBy(clock: SimulatedClock, at: number): string {
  const { offsetMs, driftPpm = 0, since, resolutionMs = 1, isZoned = false } = clock;
  const shown = at + offsetMs + ((at - since) * driftPpm) / 1e6;
  const text = new Date(Math.floor(shown / resolutionMs) * resolutionMs).toISOString();
  const cut = resolutionMs >= 1_000 ? `${text.slice(0, 19)}Z` : text;
  return isZoned ? cut : cut.slice(0, -1);
}

/** What the gateway makes of the times of one device. True times are given, estimates come back. */
export function watchClock(
  knowledge: ClockKnowledge = { known: undefined },
  /** True time minus the gateway's monotonic clock. */
  anchorMs = 0,
) {
  const memory = recollect(createMemory());
  const steps: unknown[] = [];
  const arrive = (at: number, isTrusted: boolean, provisionalMs: number) =>
    arrivalOf({
      receivedAt: Math.round(isTrusted ? at : at + provisionalMs) as Instant,
      monotonicMs: at - anchorMs,
      ...(isTrusted ? {} : { provisional: { boot: 'b', monotonicMs: at - anchorMs } }),
    });
  return {
    steps,
    memory,
    estimate: () => memory.get(clockMemory, device),
    /** The device's clock as it arrives at `at`. */
    read(time: string, at: number, { isTrusted = true, provisionalMs = 0 } = {}): void {
      const face = faceOf(time);
      const arrival = arrive(at, isTrusted, provisionalMs);
      const step = face && readClock(device, face, arrival, knowledge, memory);
      if (step) steps.push(step);
    },
    date(
      time: string | undefined,
      at: number,
      { isStored = false, isTrusted = true, provisionalMs = 0 } = {},
    ): Dating {
      const arrival = arrive(at, isTrusted, provisionalMs);
      const estimate = estimateOf(device, arrival, knowledge.known, memory);
      return date({ time, isStored }, arrival, estimate);
    },
  };
}
