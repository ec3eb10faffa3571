import { type Failures, networkOf } from '../access/lock-out.ts';
import { hashOfSecret } from '../core/secret-hash.ts';
import type { Database } from './database.ts';

/** Names and addresses that are remembered; beyond it those go that would have to wait least. */
const subjectsMax = 10_000;

/** Outlives the process: a restart is no way around a lock. */
export interface SignInFailures {
  find(subject: string): Failures | undefined;
  put(subject: string, failures: Failures): void;
  remove(subject: string): void;
}

/**
 * Whose failures they are. Names are kept as hashes: a password that was typed where the name
 * belongs is not written down.
 */
export function failureSubjects({
  name,
  address,
}: {
  readonly name: string;
  readonly address: string;
}) {
  return { user: `user/${hashOfSecret(name)}`, address: `address/${networkOf(address)}` };
}

export function openSignInFailures(database: Database): SignInFailures {
  const find = database.prepare<[string], Failures>(
    `select count, last_at as lastAt, blocked_until as blockedUntil
     from sign_in_failure where subject = ?`,
  );
  const put = database.prepare(
    `insert into sign_in_failure (subject, count, last_at, blocked_until)
     values (@subject, @count, @lastAt, @blockedUntil)
     on conflict (subject) do update set count = excluded.count, last_at = excluded.last_at,
       blocked_until = excluded.blocked_until`,
  );
  const count = database.prepare<[], { rows: number }>(
    'select count(*) as rows from sign_in_failure',
  );
  const forget = database.prepare(
    `delete from sign_in_failure where subject in
     (select subject from sign_in_failure where subject <> ?
      order by blocked_until, last_at limit ?)`,
  );
  const remove = database.prepare('delete from sign_in_failure where subject = ?');
  return {
    find: (subject) => find.get(subject),
    put(subject, failures) {
      put.run({ subject, ...failures });
      const beyond = (count.get()?.rows ?? 0) - subjectsMax;
      if (beyond > 0) forget.run(subject, beyond);
    },
    remove: (subject) => void remove.run(subject),
  };
}
