import { createHash } from 'node:crypto';
import type { VexStatement } from '../core/vulnerability.ts';
import type { Database } from './database.ts';

/** A statement in its place in the memory. */
export interface KeptVex extends VexStatement {
  readonly sequence: number;
  readonly actor: string;
  readonly recordedAt: number;
}

/** What was said of vulnerabilities in products: nothing is forgotten, and what is taken back says so. */
export interface VexMemory {
  /** Returns its number; undefined where just this was said before, and is still or was taken back. */
  add(statement: VexStatement, actor: string, now: number): number | undefined;
  /** All that hold, or those of one vulnerability. */
  list(vulnerability?: string): readonly KeptVex[];
  /** Returns what was taken back; undefined where there is no such statement that holds. */
  withdraw(sequence: number, actor: string, now: number): KeptVex | undefined;
}

interface Row {
  readonly sequence: number;
  readonly body: string;
  readonly actor: string;
  readonly recordedAt: number;
}

export function openVexMemory(database: Database): VexMemory {
  const add = database.prepare(
    `insert or ignore into vex (vulnerability, digest, body, actor, recorded_at)
     values (?, ?, ?, ?, ?)`,
  );
  const columns = 'sequence, body, actor, recorded_at recordedAt';
  const all = database.prepare<[], Row>(
    `select ${columns} from vex where withdrawn_at is null order by sequence`,
  );
  const of = database.prepare<[string], Row>(
    `select ${columns} from vex where vulnerability = ? and withdrawn_at is null order by sequence`,
  );
  const find = database.prepare<[number], Row>(
    `select ${columns} from vex where sequence = ? and withdrawn_at is null`,
  );
  const withdraw = database.prepare(
    'update vex set withdrawn_by = ?, withdrawn_at = ? where sequence = ?',
  );
  return {
    add(statement, actor, now) {
      const body = JSON.stringify(statement);
      const digest = createHash('sha256').update(body).digest('hex');
      const { changes, lastInsertRowid } = add.run(
        ...[statement.vulnerability, digest, body, actor, now],
      );
      return changes > 0 ? Number(lastInsertRowid) : undefined;
    },
    list: (vulnerability) =>
      (vulnerability === undefined ? all.all() : of.all(vulnerability)).map(kept),
    withdraw(sequence, actor, now) {
      const row = find.get(sequence);
      if (row) withdraw.run(actor, now, sequence);
      return row && kept(row);
    },
  };
}

function kept({ body, ...row }: Row): KeptVex {
  return { ...(JSON.parse(body) as VexStatement), ...row };
}
