import type { Database } from './database.ts';

export interface User {
  readonly name: string;
  readonly role: 'viewer' | 'clinical' | 'security' | 'admin';
  /** Argon2id hash in PHC form. */
  readonly password: string;
  /** The password was made by the gateway and is good for one sign-in. */
  readonly mustChange: boolean;
}

/** The people of the site. */
export interface Users {
  add(user: User): void;
  list(): readonly Omit<User, 'password'>[];
}

export function openUsers(database: Database): Users {
  const add = database.prepare(
    'insert into user (name, role, password, must_change) values (?, ?, ?, ?)',
  );
  const list = database.prepare<[], { name: string; role: User['role']; mustChange: number }>(
    'select name, role, must_change as mustChange from user order by name',
  );
  return {
    add: ({ name, role, password, mustChange }) =>
      void add.run(name, role, password, mustChange ? 1 : 0),
    list: () => list.all().map((row) => ({ ...row, mustChange: row.mustChange === 1 })),
  };
}
