import type { Instant } from './observation.ts';

/** How often something happened since a window opened. */
export interface Tally {
  readonly windowStart: number;
  readonly count: number;
}

export const noTally: Tally = { windowStart: 0, count: 0 };

/** One more. A clock that went backwards opens a new window, so it can never keep one open. */
export function tally({ windowStart, count }: Tally, at: Instant, windowMs: number): Tally {
  const isInWindow = at >= windowStart && at < windowStart + windowMs;
  return isInWindow ? { windowStart, count: count + 1 } : { windowStart: at, count: 1 };
}
