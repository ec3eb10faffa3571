import type { Database } from './database.ts';

/** Counts that outlive the rows they count, such as `delivered/ehr` or `shed/ehr/waveform`. */
export interface Counters {
  add(name: string, by: number): void;
  all(): Readonly<Record<string, number>>;
}

export function openCounters(database: Database): Counters {
  const add = database.prepare(
    `insert into counter (name, value) values (?, ?)
     on conflict (name) do update set value = value + excluded.value`,
  );
  const all = database.prepare<[], { name: string; value: number }>(
    'select name, value from counter order by name',
  );
  return {
    add: (name, by) => void add.run(name, by),
    all: () => Object.fromEntries(all.all().map(({ name, value }) => [name, value])),
  };
}
