import type { TokenHolder } from '../core/account.ts';
import type { Database } from './database.ts';

export interface Token {
  readonly hash: string;
  readonly user: string;
  readonly issuedAt: number;
  readonly expiresAt: number;
}

/** What machines show instead of a password, one each. Only hashes. */
export interface Tokens {
  /** In place of the one it had. */
  put(token: Token): void;
  /** Undefined when there is none, or it has expired. */
  holder(hash: string, now: number): TokenHolder | undefined;
  /** Until when each machine’s token is good. */
  list(): readonly Pick<Token, 'user' | 'issuedAt' | 'expiresAt'>[];
  remove(user: string): boolean;
}

export function openTokens(database: Database): Tokens {
  const put = database.prepare(
    `insert into token (hash, user, issued_at, expires_at)
     values (@hash, @user, @issuedAt, @expiresAt)
     on conflict (user) do update set hash = excluded.hash, issued_at = excluded.issued_at,
       expires_at = excluded.expires_at`,
  );
  const holder = database.prepare<[string, number], TokenHolder>(
    `select user.name, user.role from token join user on user.name = token.user
     where token.hash = ? and token.expires_at > ?`,
  );
  const list = database.prepare<[], Pick<Token, 'user' | 'issuedAt' | 'expiresAt'>>(
    'select user, issued_at as issuedAt, expires_at as expiresAt from token order by user',
  );
  const remove = database.prepare('delete from token where user = ?');
  return {
    put: (token) => void put.run(token),
    holder: (hash, now) => holder.get(hash, now),
    list: () => list.all(),
    remove: (user) => remove.run(user).changes > 0,
  };
}
