import type { Quarantine } from '../core/quarantine.ts';

/** What the clocks say at one look. */
export interface LookedAt {
  /** The gateway’s own time. */
  readonly now: number;
  /** The time by which what is kept grows old, at the first look after a start; 0 while no time is known. */
  readonly aged: number;
  /** The clock that nobody sets. */
  readonly monotonicMs: number;
}

/** Whether the time of a quarantine is over, whatever clock is set meanwhile. */
export interface Deadlines {
  areOver(quarantines: readonly Quarantine[], at: LookedAt): readonly Quarantine[];
}

/**
 * What is left of each is read off a clock once, at the first look at it, and never more than the whole of
 * it; from then on it runs by the clock that nobody sets. After a start it goes by the time that does not
 * follow a clock which is years ahead, so it lasts longer rather than shorter.
 */
export function createDeadlines(): Deadlines {
  let ends = new Map<string, number>();
  let isFirst = true;
  return {
    areOver(quarantines, { now, aged, monotonicMs }) {
      const known = isFirst ? aged : now;
      isFirst = false;
      const next = new Map<string, number>();
      const over = quarantines.filter(({ device, since, until }) => {
        if (until === undefined) return false;
        const key = `${device} ${since} ${until}`;
        const leftMs = Math.min(Math.max(0, until - known), Math.max(0, until - since));
        const end = ends.get(key) ?? monotonicMs + leftMs;
        next.set(key, end);
        return monotonicMs >= end;
      });
      ends = next;
      return over;
    },
  };
}
