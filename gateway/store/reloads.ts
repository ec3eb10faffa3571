import type { Database } from './database.ts';

/** Somebody asked the gateway to read its settings anew. */
export interface ReloadOrder {
  readonly sequence: number;
  readonly actor: string;
}

/**
 * What became of it. `refused`: the settings cannot be, and nothing was changed. `reverted`: they
 * were tried, and those of before are in force again.
 */
export const reloadOutcomes = ['applied', 'unchanged', 'refused', 'reverted'] as const;

export interface ReloadResult {
  readonly outcome: (typeof reloadOutcomes)[number];
  /** Of the error, where there is one. */
  readonly code?: string | undefined;
  /** What was wrong, or which settings changed: never what they are. */
  readonly detail: string;
}

/** Orders that are remembered, answered or not. */
const ordersMax = 100;

/** How other processes ask the running gateway for a reload, and hear what became of it. */
export interface Reloads {
  /** Returns the number of the order. */
  ask(actor: string, at: number): number;
  /** The newest order that has no answer. */
  asked(): ReloadOrder | undefined;
  /** The gateway is about it: also proof that it can commit. */
  touch(sequence: number, at: number): void;
  /** Answers it and whatever was asked before it. */
  answer(sequence: number, result: ReloadResult): void;
  find(
    sequence: number,
  ): { readonly isUnderWay: boolean; readonly result?: ReloadResult } | undefined;
  /** Nobody waits for it any more. */
  withdraw(sequence: number): void;
}

interface Row {
  readonly seenAt: number | null;
  readonly outcome: ReloadResult['outcome'] | null;
  readonly code: string | null;
  readonly detail: string;
}

export function openReloads(database: Database): Reloads {
  const ask = database.prepare("insert into reload (actor, asked_at, detail) values (?, ?, '')");
  const forget = database.prepare('delete from reload where sequence <= ?');
  const asked = database.prepare<[], ReloadOrder>(
    'select sequence, actor from reload where outcome is null order by sequence desc limit 1',
  );
  const touch = database.prepare('update reload set seen_at = ? where sequence = ?');
  const answer = database.prepare(
    `update reload set outcome = @outcome, code = @code, detail = @detail
     where sequence <= @sequence and outcome is null`,
  );
  const find = database.prepare<[number], Row>(
    'select seen_at as seenAt, outcome, code, detail from reload where sequence = ?',
  );
  const withdraw = database.prepare('delete from reload where sequence = ?');
  return {
    ask(actor, at) {
      const sequence = Number(ask.run(actor, at).lastInsertRowid);
      forget.run(sequence - ordersMax);
      return sequence;
    },
    asked: () => asked.get(),
    touch: (sequence, at) => void touch.run(at, sequence),
    answer: (sequence, { outcome, code = null, detail }) =>
      void answer.run({ sequence, outcome, code, detail }),
    find(sequence) {
      const row = find.get(sequence);
      if (!row) return undefined;
      const { seenAt, outcome, code, detail } = row;
      const isUnderWay = seenAt !== null;
      if (outcome === null) return { isUnderWay };
      return { isUnderWay, result: { outcome, detail, ...(code !== null && { code }) } };
    },
    withdraw: (sequence) => void withdraw.run(sequence),
  };
}
