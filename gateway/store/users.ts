import type { Account } from '../core/account.ts';
import type { Database } from './database.ts';

export interface NewUser extends Pick<Account, 'name' | 'kind' | 'role' | 'mustChange'> {
  /** Argon2id hash in PHC form; a person’s only. */
  readonly password?: string | undefined;
  readonly addedAt: number;
}

/** What a person shows beside a name. */
export interface Credentials {
  readonly password: string | undefined;
  readonly secondFactor: Uint8Array | undefined;
  /** A second factor that its owner has not confirmed yet. */
  readonly offered: Uint8Array | undefined;
  readonly lastStep: number;
}

/** Who may use the gateway. */
export interface Users {
  add(user: NewUser): void;
  find(name: string): Account | undefined;
  list(): readonly Account[];
  /** False when there is none of that name. Sessions and tokens go with it. */
  remove(name: string): boolean;
  setRole(name: string, role: Account['role']): void;
  credentials(name: string): Credentials | undefined;
  setPassword(name: string, password: string, mustChange: boolean): void;
  offerSecondFactor(name: string, secret: Uint8Array): void;
  /** The offered one becomes the second factor; recovery codes of before are void. */
  confirmSecondFactor(name: string, step: number, recoveryHashes: readonly string[]): void;
  removeSecondFactor(name: string): void;
  useStep(name: string, step: number): void;
  /** False when it is none of that user, or was used. */
  useRecoveryCode(name: string, hash: string): boolean;
}

type AccountRow = Omit<Account, 'mustChange' | 'hasSecondFactor'> & {
  mustChange: number;
  hasSecondFactor: number;
};

interface CredentialsRow {
  password: string | null;
  secondFactor: Uint8Array | null;
  offered: Uint8Array | null;
  lastStep: number;
}

const columns = `name, kind, role, must_change as mustChange,
  totp_secret is not null as hasSecondFactor, added_at as addedAt`;

export function openUsers(database: Database): Users {
  const add = database.prepare(
    `insert into user (name, kind, role, password, must_change, added_at, totp_step)
     values (?, ?, ?, ?, ?, ?, 0)`,
  );
  const list = database.prepare<[], AccountRow>(`select ${columns} from user order by name`);
  const find = database.prepare<[string], AccountRow>(`select ${columns} from user where name = ?`);
  const remove = database.prepare('delete from user where name = ?');
  const setRole = database.prepare('update user set role = ? where name = ?');
  const setPassword = database.prepare(
    'update user set password = ?, must_change = ? where name = ?',
  );
  return {
    add: ({ name, kind, role, password, mustChange, addedAt }) =>
      void add.run(name, kind, role, password ?? null, mustChange ? 1 : 0, addedAt),
    find(name) {
      const row = find.get(name);
      return row && accountOf(row);
    },
    list: () => list.all().map(accountOf),
    remove: (name) => remove.run(name).changes > 0,
    setRole: (name, role) => void setRole.run(role, name),
    setPassword: (name, password, mustChange) =>
      void setPassword.run(password, mustChange ? 1 : 0, name),
    ...openCredentials(database),
  };
}

function openCredentials(
  database: Database,
): Omit<Users, 'add' | 'find' | 'list' | 'remove' | 'setRole' | 'setPassword'> {
  const credentials = database.prepare<[string], CredentialsRow>(
    `select password, totp_secret as secondFactor, totp_offered as offered, totp_step as lastStep
     from user where name = ?`,
  );
  const offer = database.prepare('update user set totp_offered = ? where name = ?');
  const confirm = database.prepare(
    `update user set totp_secret = totp_offered, totp_offered = null, totp_step = ?
     where name = ?`,
  );
  const reset = database.prepare(
    'update user set totp_secret = null, totp_offered = null, totp_step = 0 where name = ?',
  );
  const useStep = database.prepare('update user set totp_step = ? where name = ?');
  const addCode = database.prepare('insert into recovery_code (user, hash) values (?, ?)');
  const useCode = database.prepare('delete from recovery_code where user = ? and hash = ?');
  const voidCodes = database.prepare('delete from recovery_code where user = ?');
  return {
    credentials(name) {
      const row = credentials.get(name);
      return (
        row && {
          password: row.password ?? undefined,
          secondFactor: row.secondFactor ?? undefined,
          offered: row.offered ?? undefined,
          lastStep: row.lastStep,
        }
      );
    },
    offerSecondFactor: (name, secret) => void offer.run(secret, name),
    confirmSecondFactor(name, step, recoveryHashes) {
      confirm.run(step, name);
      voidCodes.run(name);
      for (const hash of recoveryHashes) addCode.run(name, hash);
    },
    removeSecondFactor(name) {
      reset.run(name);
      voidCodes.run(name);
    },
    useStep: (name, step) => void useStep.run(step, name),
    useRecoveryCode: (name, hash) => useCode.run(name, hash).changes > 0,
  };
}

function accountOf(row: AccountRow): Account {
  return {
    ...row,
    mustChange: row.mustChange === 1,
    hasSecondFactor: row.hasSecondFactor === 1,
  };
}
