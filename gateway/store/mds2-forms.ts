import type { Mds2Form } from '../core/mds2.ts';
import type { Database } from './database.ts';

/** What makers answered of their models. */
export interface Mds2Forms {
  /** In the place of an earlier form of that model. */
  set(form: Mds2Form): void;
  find(model: string): Mds2Form | undefined;
}

export function openMds2Forms(database: Database): Mds2Forms {
  const set = database.prepare('insert or replace into mds2 values (?, ?)');
  const find = database.prepare<[string], string>('select body from mds2 where model = ?').pluck();
  return {
    set: (form) => void set.run(form.model, JSON.stringify(form)),
    find(model) {
      const body = find.get(model);
      return body === undefined ? undefined : (JSON.parse(body) as Mds2Form);
    },
  };
}
