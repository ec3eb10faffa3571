import type { Database } from './database.ts';

/** Who did what to what, when, and how it went (FHIR AuditEvent in short). */
export interface AuditEntry {
  readonly at: number;
  /** A user, `cli`, or the gateway itself. */
  readonly actor: string;
  readonly action: string;
  readonly object: string;
  readonly outcome: 'success' | 'failure';
  /** Ids and figures, never what names a patient. */
  readonly detail: string;
}

export interface Audit {
  add(entry: AuditEntry): void;
  list(): readonly AuditEntry[];
}

export function openAudit(database: Database): Audit {
  const add = database.prepare(
    `insert into audit (at, actor, action, object, outcome, detail)
     values (@at, @actor, @action, @object, @outcome, @detail)`,
  );
  const list = database.prepare<[], AuditEntry>(
    'select at, actor, action, object, outcome, detail from audit order by sequence',
  );
  return { add: (entry) => void add.run(entry), list: () => list.all() };
}
