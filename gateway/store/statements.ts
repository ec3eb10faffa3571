import type { PostureAnswer, PostureQuestion, Statement } from '../core/rama.ts';
import type { Database } from './database.ts';

/** What was seen or stated of a device, one answer a question: the input of its score. */
export interface Statements {
  /** In the place of the one before. */
  save(device: string, question: PostureQuestion, statement: Statement<PostureAnswer>): void;
  of(device: string): readonly StatementRow[];
  /** It was seen again, or still is so: what came from this source is as fresh as that. */
  refresh(device: string, source: string, at: number): void;
  forget(device: string, question: PostureQuestion): boolean;
}

export interface StatementRow extends Statement<PostureAnswer> {
  readonly question: PostureQuestion;
}

type Row = Omit<StatementRow, 'evidence'> & { readonly evidence: string | null };

export function openStatements(database: Database): Statements {
  const save = database.prepare(
    `insert or replace into statement (device, question, value, source, at, ttl_ms, evidence)
     values (@device, @question, @value, @source, @at, @ttlMs, @evidence)`,
  );
  const of = database.prepare<[string], Row>(
    `select question, value, source, at, ttl_ms as ttlMs, evidence
     from statement where device = ? order by question`,
  );
  const refresh = database.prepare(
    'update statement set at = max(at, ?) where device = ? and source = ?',
  );
  const forget = database.prepare('delete from statement where device = ? and question = ?');
  return {
    save: (device, question, { evidence = null, ...rest }) =>
      void save.run({ device, question, evidence, ...rest }),
    of: (device) =>
      of.all(device).map(({ evidence, ...row }) => ({
        ...row,
        ...(evidence !== null && { evidence }),
      })),
    refresh: (device, source, at) => void refresh.run(at, device, source),
    forget: (device, question) => forget.run(device, question).changes > 0,
  };
}
