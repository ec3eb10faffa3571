import type { Quarantine } from '../core/quarantine.ts';
import type { Database } from './database.ts';

/** Which devices are in quarantine. A row lasts until the quarantine ends. */
export interface Quarantines {
  list(): readonly Quarantine[];
  find(device: string): Quarantine | undefined;
  /** In the place of the one before. */
  set(quarantine: Quarantine): void;
  end(device: string): void;
}

type Row = Omit<Quarantine, 'until'> & { readonly until: number | null };

export function openQuarantines(database: Database): Quarantines {
  const columns = 'device, mode, reason, actor, since, until';
  const list = database.prepare<[], Row>(`select ${columns} from quarantine order by device`);
  const find = database.prepare<[string], Row>(
    `select ${columns} from quarantine where device = ?`,
  );
  const set = database.prepare(
    `insert or replace into quarantine (${columns})
     values (@device, @mode, @reason, @actor, @since, @until)`,
  );
  const end = database.prepare('delete from quarantine where device = ?');
  return {
    list: () => list.all().map(withoutNull),
    find(device) {
      const row = find.get(device);
      return row && withoutNull(row);
    },
    set: (quarantine) => void set.run({ ...quarantine, until: quarantine.until ?? null }),
    end: (device) => void end.run(device),
  };
}

function withoutNull({ until, ...row }: Row): Quarantine {
  return { ...row, ...(until !== null && { until }) };
}
