import type { Database } from './database.ts';

/** What the clocks say at one moment. */
export interface AgeSample {
  /** The gateway's own time, milliseconds since the epoch. */
  readonly now: number;
  /** A time service says so; otherwise it may be years off, and nobody knows. */
  readonly isVouched: boolean;
  /** This run of the machine, and how long it has lasted. */
  readonly boot: string;
  readonly monotonicMs: number;
}

interface AgeRow {
  readonly at: number;
  readonly boot: string;
  readonly monotonicMs: number;
}

/** The time by which what is kept for a time grows old. */
export interface Age {
  /**
   * Goes on with the clock nobody sets, and over a gap between two runs of the machine only where a
   * time service vouches for the time: a wall clock that is years ahead makes nothing old.
   */
  advance(sample: AgeSample): number;
}

export function openAge(database: Database): Age {
  const find = database.prepare<[], AgeRow>(
    'select at, boot, monotonic_ms as monotonicMs from age',
  );
  const save = database.prepare(
    `insert into age (one, at, boot, monotonic_ms) values (1, @at, @boot, @monotonicMs)
     on conflict (one) do update set at = excluded.at, boot = excluded.boot,
       monotonic_ms = excluded.monotonic_ms`,
  );
  return {
    advance(sample) {
      const at = Math.round(agedTo(find.get(), sample));
      save.run({ at, boot: sample.boot, monotonicMs: sample.monotonicMs });
      return at;
    },
  };
}

function agedTo(before: AgeRow | undefined, sample: AgeSample): number {
  const { now, isVouched, boot, monotonicMs } = sample;
  if (!before || isVouched) return now;
  const livedMs = boot === before.boot ? Math.max(0, monotonicMs - before.monotonicMs) : 0;
  return Math.min(now, before.at + livedMs);
}
