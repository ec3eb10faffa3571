import { type Account, firstStepOf, type Session, type UserRole } from '../core/account.ts';
import type { Database } from './database.ts';

export type NewSession = Pick<Session, 'id' | 'user' | 'startedAt' | 'seenAt' | 'address'>;

/** Who is signed in. Only hashes of what browsers hold. */
export interface Sessions {
  add(session: NewSession): void;
  find(id: string): Session | undefined;
  /** Oldest first; of one user, or of all. */
  list(user?: string): readonly Session[];
  see(id: string, seenAt: number): void;
  remove(id: string): boolean;
  /** How many it were. */
  removeOf(user: string): number;
}

type SessionRow = Omit<Session, 'firstStep'> & { mustChange: number; hasSecondFactor: number };

const select = `select session.hash as id, user.name as user, user.kind, user.role,
  user.must_change as mustChange, user.totp_secret is not null as hasSecondFactor,
  session.started_at as startedAt, session.seen_at as seenAt, session.address
  from session join user on user.name = session.user`;

export function openSessions(database: Database): Sessions {
  const add = database.prepare(
    `insert into session (hash, user, started_at, seen_at, address)
     values (@id, @user, @startedAt, @seenAt, @address)`,
  );
  const find = database.prepare<[string], SessionRow>(`${select} where session.hash = ?`);
  const list = database.prepare<{ user: string | null }, SessionRow>(
    `${select} where @user is null or session.user = @user order by session.started_at`,
  );
  const see = database.prepare('update session set seen_at = ? where hash = ?');
  const remove = database.prepare('delete from session where hash = ?');
  const removeOf = database.prepare('delete from session where user = ?');
  return {
    add: (session) => void add.run(session),
    find(id) {
      const row = find.get(id);
      return row && sessionOf(row);
    },
    list: (user) => list.all({ user: user ?? null }).map(sessionOf),
    see: (id, seenAt) => void see.run(seenAt, id),
    remove: (id) => remove.run(id).changes > 0,
    removeOf: (user) => removeOf.run(user).changes,
  };
}

/** Role and first step are the account’s of this moment: a role that was taken away is gone. */
function sessionOf({ mustChange, hasSecondFactor, ...row }: SessionRow): Session {
  const account: Omit<Account, 'name' | 'addedAt'> = {
    kind: row.kind,
    role: row.role as UserRole,
    mustChange: mustChange === 1,
    hasSecondFactor: hasSecondFactor === 1,
  };
  return { ...row, firstStep: firstStepOf(account) };
}
