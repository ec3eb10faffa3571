/** How fast a counter forgets: an attack of one a second shows in the first, one a minute in the last. */
export const halfLivesMs = [1_000, 10_000, 60_000] as const;

/** What hardly ever happens is remembered for so long: one a minute does not fade between two. */
const slowHalfLifeMs = 180_000;
/** The slow counters go no higher: what was loud must be over some minutes after it ended. */
const slowMax = 4;

/** Counters that halve with each half-life. Plain data: it survives JSON. */
export interface DampedCounts {
  /** What came since the last tick, by counter. */
  readonly pending: number[];
  /** By counter, then by half-life. */
  readonly values: number[];
  /** By counter: what is remembered for minutes. */
  readonly slow: number[];
}

export function startCounts(size: number): DampedCounts {
  const zeros = (length: number) => Array.from({ length }, () => 0);
  return { pending: zeros(size), values: zeros(size * halfLivesMs.length), slow: zeros(size) };
}

/** One addition: what it costs does not depend on what came before. */
export function count(counts: DampedCounts, counter: number, by = 1): void {
  counts.pending[counter] = (counts.pending[counter] ?? 0) + by;
}

/** Lets time pass, then takes in what came meanwhile. The order in which it came plays no part. */
export function settle({ pending, values, slow }: DampedCounts, elapsedMs: number): void {
  const slowKept = 2 ** (-Math.max(0, elapsedMs) / slowHalfLifeMs);
  for (let counter = 0; counter < pending.length; counter += 1) {
    const next = (slow[counter] ?? 0) * slowKept + (pending[counter] ?? 0);
    slow[counter] = Math.min(slowMax, next);
  }
  for (const [life, halfLifeMs] of halfLivesMs.entries()) {
    const kept = 2 ** (-Math.max(0, elapsedMs) / halfLifeMs);
    for (let counter = 0; counter < pending.length; counter += 1) {
      const index = counter * halfLivesMs.length + life;
      values[index] = (values[index] ?? 0) * kept + (pending[counter] ?? 0);
    }
  }
  pending.fill(0);
}
