import { sessionEnd } from '../access/session-rules.ts';
import type { Account, MachineRole, Session, UserRole } from '../core/account.ts';
import type { Store } from '../store/store.ts';
import { type CredentialCalls, credentialCalls } from './credential-keeping.ts';
import { type SignInCalls, signInCalls } from './sign-in-keeping.ts';
import {
  addMachine,
  addPerson,
  type By,
  endSession,
  type NewPerson,
  type NewToken,
  removeUser,
  replaceToken,
  resetSecondFactor,
  revokeUser,
  setPassword,
  setRole,
  unlockUser,
} from './user-keeping.ts';

/** What the keeper does for users and sessions. */
export interface AccountCalls extends SignInCalls, CredentialCalls {
  users(): readonly (Account & { readonly tokenExpiresAt: number | undefined })[];
  /** Those that last, of one user or of all. */
  sessions(user: string | undefined, now: number): readonly Session[];
  endSession(id: string, by: By): boolean;
  addPerson(person: NewPerson): void;
  addMachine(machine: NewToken & { readonly role: MachineRole }): number;
  replaceToken(token: NewToken): number;
  removeUser(name: string, by: By): void;
  setRole(name: string, role: UserRole, by: By): void;
  setPassword(
    name: string,
    given: { readonly password: string; readonly mustChange: boolean },
    by: By,
  ): void;
  resetSecondFactor(name: string, by: By): void;
  unlockUser(name: string, by: By): void;
  revokeUser(name: string, by: By): number;
}

export function accountCalls(store: Store): AccountCalls {
  return {
    ...signInCalls(store),
    ...credentialCalls(store),
    users() {
      const tokens = new Map(store.tokens.list().map(({ user, expiresAt }) => [user, expiresAt]));
      return store.users
        .list()
        .map((account) => ({ ...account, tokenExpiresAt: tokens.get(account.name) }));
    },
    sessions: (user, now) =>
      store.sessions.list(user).filter((session) => sessionEnd(session, now) === undefined),
    endSession: (id, by) => endSession(store, id, by),
    addPerson: (person) => addPerson(store, person),
    addMachine: (machine) => addMachine(store, machine),
    replaceToken: (token) => replaceToken(store, token),
    removeUser: (name, by) => removeUser(store, name, by),
    setRole: (name, role, by) => setRole(store, name, role, by),
    setPassword: (name, given, by) => setPassword(store, name, given, by),
    resetSecondFactor: (name, by) => resetSecondFactor(store, name, by),
    unlockUser: (name, by) => unlockUser(store, name, by),
    revokeUser: (name, by) => revokeUser(store, name, by),
  };
}
