import type { Instant } from './observation.ts';

/**
 * How much more happened than is usual: a one-sided CUSUM for counts (Lucas, Technometrics 27 (2),
 * 1985). Every event adds to the sum and time takes from it, so a burst and a slow excess are both
 * seen, and what is usual never adds up.
 */
export interface Cusum {
  readonly sum: number;
  readonly at: number;
  /** When it was last told; 0 when never. */
  readonly toldAt: number;
}

export const noCusum: Cusum = { sum: 0, at: 0, toldAt: 0 };

export interface CusumRule {
  /** What is taken off the sum each second: between what is usual and what is an attack. */
  readonly perSecond: number;
  /** The sum from which it is one. */
  readonly limit: number;
  /** Told once in so long, however long it lasts. */
  readonly episodeMs: number;
}

/** `count` more. `isNew`: the limit is passed, and nobody was told in this episode. */
export function accumulate(
  before: Cusum,
  at: Instant,
  count: number,
  { perSecond, limit, episodeMs }: CusumRule,
): { readonly state: Cusum; readonly isNew: boolean } {
  // A clock that was set takes nothing off, and keeps no episode open.
  const passedMs = Math.max(0, at - before.at);
  const left = before.at === 0 ? 0 : Math.max(0, before.sum - (passedMs / 1_000) * perSecond);
  // Of an endless excess no more is kept than ends with its episode.
  const sum = Math.min(left + count, 2 * limit);
  const isTold = before.toldAt > 0 && at >= before.toldAt;
  const isInEpisode = isTold && at < before.toldAt + episodeMs;
  const isNew = sum >= limit && !isInEpisode;
  return { state: { sum, at, toldAt: isNew ? at : before.toldAt }, isNew };
}
