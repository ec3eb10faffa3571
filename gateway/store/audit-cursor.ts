import type { Database } from './database.ts';

/** How far a log collector has the audit trail: the last entry, checkpoint and finding it took. */
export interface AuditCursor {
  get(): AuditPosition | undefined;
  set(position: AuditPosition): void;
}

export interface AuditPosition {
  readonly entry: number;
  readonly checkpoint: number;
  readonly finding: number;
}

export function openAuditCursor(database: Database): AuditCursor {
  const get = database.prepare<[], AuditPosition>(
    'select entry, checkpoint, finding from audit_cursor',
  );
  const set = database.prepare(
    `insert into audit_cursor (one, entry, checkpoint, finding)
     values (1, @entry, @checkpoint, @finding)
     on conflict (one) do update set entry = excluded.entry, checkpoint = excluded.checkpoint,
       finding = excluded.finding`,
  );
  return { get: () => get.get(), set: (position) => void set.run(position) };
}
