import type { Habit } from '../access/habit.ts';
import type { Database } from './database.ts';

/** People whose habits are kept; who did nothing for longest is forgotten first. */
const actorsMax = 500;
/** What somebody did a year ago is no habit. */
const keptDays = 365;

/** What people usually do, by kind, hour and number of patients: days and counts, never a patient. */
export interface Habits {
  of(actor: string): readonly Habit[];
  save(actor: string, habits: readonly Habit[]): void;
  forget(actor: string): void;
}

export function openHabits(database: Database): Habits {
  const of = database.prepare<[string], Habit>(
    'select what, days, last_day as lastDay from habit where actor = ?',
  );
  const save = database.prepare(
    `insert into habit (actor, what, days, last_day) values (@actor, @what, @days, @lastDay)
     on conflict (actor, what) do update set days = excluded.days, last_day = excluded.last_day`,
  );
  const forget = database.prepare('delete from habit where actor = ?');
  const forgetOld = database.prepare('delete from habit where actor = ? and last_day < ?');
  const forgetActors = database.prepare(
    `delete from habit where actor in (
       select actor from habit group by actor order by max(last_day) desc limit -1 offset ?)`,
  );
  return {
    of: (actor) => of.all(actor),
    save(actor, habits) {
      for (const habit of habits) save.run({ actor, ...habit });
      const day = habits.find(({ what }) => what === 'day');
      if (!day) return;
      forgetOld.run(actor, day.lastDay - keptDays);
      forgetActors.run(actorsMax);
    },
    forget: (actor) => void forget.run(actor),
  };
}
