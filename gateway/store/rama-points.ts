import type { RamaScore } from '../core/rama.ts';
import { type RamaGrain, type RamaPoint, ramaGrains } from '../core/rama-point.ts';
import type { Database } from './database.ts';

/** The course of scores: by the minute, the hour and the day. */
export interface RamaPoints {
  add(device: string, at: number, score: Pick<RamaScore, 'score' | 'low' | 'high'>): void;
  /** Oldest first, the newest so many. */
  of(device: string, grain: RamaGrain, countMax: number): readonly RamaPoint[];
  /** Forgets what is older than its grain is kept. */
  forget(now: number): void;
}

const grains = Object.keys(ramaGrains) as RamaGrain[];

export function openRamaPoints(database: Database): RamaPoints {
  const add = database.prepare(
    `insert into rama_point (device, grain, at, score, lowest, low, high)
     values (@device, @grain, @at, @score, @score, @low, @high)
     on conflict (device, grain, at) do update set score = excluded.score,
       lowest = min(lowest, excluded.score), low = excluded.low, high = excluded.high`,
  );
  const of = database.prepare<[string, string, number], RamaPoint>(
    `select at, score, lowest, low, high from rama_point
     where device = ? and grain = ? order by at desc limit ?`,
  );
  const forget = database.prepare('delete from rama_point where grain = ? and at < ?');
  return {
    add(device, now, { score, low, high }) {
      for (const grain of grains) {
        const at = now - (now % ramaGrains[grain].everyMs);
        add.run({ device, grain, at, score, low, high });
      }
    },
    of: (device, grain, countMax) => of.all(device, grain, countMax).toReversed(),
    forget(now) {
      for (const grain of grains) {
        const { keptMs } = ramaGrains[grain];
        if (keptMs !== undefined) forget.run(grain, now - keptMs);
      }
    },
  };
}
