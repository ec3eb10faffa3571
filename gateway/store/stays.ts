import type { Stay } from '../core/admission.ts';
import { Phi } from '../core/phi.ts';
import type { Database } from './database.ts';

/** The most patients whose place is remembered: some months of a large hospital. */
const staysMax = 50_000;

interface StayRow {
  readonly subject: string;
  readonly bed: string | null;
  readonly isPresent: number;
  readonly visit: string;
  readonly at: number;
  readonly wallTime: number | null;
}

/** Where each patient lies, as the hospital said last. */
export interface Stays {
  /** By the patient's id. */
  all(): ReadonlyMap<string, Stay>;
  keep(stays: Iterable<Stay>): void;
  /** Forgets who left before, and whoever was heard of longest ago beyond the limit. */
  forget(before: number): void;
}

export function openStays(database: Database): Stays {
  const all = database.prepare<[], StayRow>(
    'select subject, bed, is_present as isPresent, visit, at, wall_time as wallTime from stay',
  );
  const keep = database.prepare(
    `insert into stay (subject, bed, is_present, visit, at, wall_time)
     values (@subject, @bed, @isPresent, @visit, @at, @wallTime)
     on conflict (subject) do update set bed = excluded.bed, is_present = excluded.is_present,
       visit = excluded.visit, at = excluded.at, wall_time = excluded.wall_time`,
  );
  const forget = database.prepare<{ before: number; countMax: number }>(
    `delete from stay where (is_present = 0 and at < @before) or subject in (
       select subject from stay order by is_present desc, at desc limit -1 offset @countMax)`,
  );
  return {
    all: () =>
      new Map(
        all.all().map(({ subject, bed, isPresent, wallTime, ...row }) => [
          subject,
          {
            ...row,
            subject: new Phi(subject),
            bed: bed ?? undefined,
            isPresent: isPresent === 1,
            wallTime: wallTime ?? undefined,
          },
        ]),
      ),
    keep(stays) {
      for (const { subject, bed, isPresent, visit, at, wallTime } of stays) {
        keep.run({
          subject: subject.reveal(),
          bed: bed ?? null,
          isPresent: isPresent ? 1 : 0,
          visit,
          at,
          wallTime: wallTime ?? null,
        });
      }
    },
    forget: (before) => void forget.run({ before, countMax: staysMax }),
  };
}
