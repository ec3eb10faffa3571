import type { Account, MachineRole, UserRole } from '../core/account.ts';
import type { AuditAction } from '../core/audit-action.ts';
import { GatewayError } from '../core/error.ts';
import { failureSubjects } from '../store/sign-in-failures.ts';
import type { Store } from '../store/store.ts';

const dayMs = 86_400_000;
/** Accounts of one site; the hospital’s sign-on may add some by itself. */
const usersMax = 2_000;

/** Who does it, and when. */
export interface By {
  /** As in an audit entry: a user’s name, or `cli:<account>`. */
  readonly actor: string;
  readonly now: number;
}

export interface NewPerson extends By {
  readonly name: string;
  readonly role: UserRole;
  /** Argon2id hash of a one-time password. */
  readonly password: string;
}

export interface NewToken extends By {
  readonly name: string;
  /** SHA-256 of it. */
  readonly hash: string;
  readonly days: number;
}

/**
 * Changes to who may use the gateway, the same by command and by HTTPS: each one transaction with
 * its audit entry, effective with the next request.
 *
 * @throws GatewayError `user-exists`, `user-unknown`, `last-administrator`, `user-limit`.
 */
export function addPerson(store: Store, { name, role, password, actor, now }: NewPerson): void {
  store.transact(() => {
    requireNew(store, name);
    store.users.add({ name, kind: 'person', role, password, mustChange: true, addedAt: now });
    record(store, { actor, now }, 'user.add', name, `person, ${role}`);
  });
}

/** Returns when its token expires. */
export function addMachine(
  store: Store,
  { role, ...token }: NewToken & { readonly role: MachineRole },
): number {
  const { name, actor, now } = token;
  return store.transact(() => {
    requireNew(store, name);
    store.users.add({ name, kind: 'machine', role, mustChange: false, addedAt: now });
    record(store, { actor, now }, 'user.add', name, `machine, ${role}`);
    return putToken(store, token);
  });
}

/** Another token in place of the one it has, which is void at once. Returns when it expires. */
export function replaceToken(store: Store, token: NewToken): number {
  return store.transact(() => {
    requireKind(find(store, token.name), 'machine');
    return putToken(store, token);
  });
}

/** The account that the hospital’s sign-on vouches for, with the role that it has there now. */
export function addSignOnUser(
  store: Store,
  { name, role, now }: { readonly name: string; readonly role: UserRole; readonly now: number },
): void {
  const known = store.users.find(name);
  if (!known) {
    requireNew(store, name);
    store.users.add({ name, kind: 'sign-on', role, mustChange: false, addedAt: now });
    record(store, { actor: 'gateway', now }, 'user.add', name, `sign-on, ${role}`);
    return;
  }
  requireKind(known, 'sign-on');
  if (known.role === role) return;
  store.users.setRole(name, role);
  store.sessions.removeOf(name);
  record(store, { actor: 'gateway', now }, 'user.role', name, `${known.role} to ${role}, sign-on`);
}

export function removeUser(store: Store, name: string, by: By): void {
  store.transact(() => {
    requireOtherAdministrator(store, find(store, name));
    store.users.remove(name);
    store.habits.forget(name);
    record(store, by, 'user.remove', name, '');
  });
}

export function setRole(store: Store, name: string, role: UserRole, by: By): void {
  store.transact(() => {
    const account = find(store, name);
    requireKind(account, 'person');
    if (role !== 'admin') requireOtherAdministrator(store, account);
    store.users.setRole(name, role);
    // Whoever may do more, or less, signs in for it.
    store.sessions.removeOf(name);
    record(store, by, 'user.role', name, `${account.role} to ${role}`);
  });
}

/** A password that somebody else set, unless `mustChange` is false; all sessions end. */
export function setPassword(
  store: Store,
  name: string,
  { password, mustChange }: { readonly password: string; readonly mustChange: boolean },
  by: By,
): void {
  store.transact(() => {
    requireKind(find(store, name), 'person');
    store.users.setPassword(name, password, mustChange);
    store.sessions.removeOf(name);
    record(store, by, 'user.password', name, mustChange ? 'one-time' : '');
  });
}

/** For who lost the second factor and the recovery codes. Administrators enrol another at once. */
export function resetSecondFactor(store: Store, name: string, by: By): void {
  store.transact(() => {
    requireKind(find(store, name), 'person');
    store.users.removeSecondFactor(name);
    store.sessions.removeOf(name);
    record(store, by, 'user.second-factor', name, 'taken away');
  });
}

/** Ends all sessions and voids the token; the account stays. Returns how many sessions ended. */
export function revokeUser(store: Store, name: string, by: By): number {
  return store.transact(() => {
    find(store, name);
    const sessions = store.sessions.removeOf(name);
    const token = store.tokens.remove(name) ? ', token' : '';
    record(store, by, 'user.revoke', name, `${sessions} sessions${token}`);
    return sessions;
  });
}

/** Whoever waits because of failed sign-ins may try again now. */
export function unlockUser(store: Store, name: string, by: By): void {
  store.transact(() => {
    requireKind(find(store, name), 'person');
    store.signInFailures.remove(failureSubjects({ name, address: '' }).user);
    record(store, by, 'user.unlock', name, '');
  });
}

/** False when there is no such session. */
export function endSession(store: Store, id: string, by: By): boolean {
  return store.transact(() => {
    const session = store.sessions.find(id);
    if (!session) return false;
    store.sessions.remove(id);
    record(store, by, 'session.end', session.user, by.actor === session.user ? '' : 'by another');
    return true;
  });
}

function find(store: Store, name: string): Account {
  const account = store.users.find(name);
  if (account) return account;
  throw new GatewayError('user-unknown', `there is no user ${name}`);
}

function requireNew(store: Store, name: string): void {
  if (store.users.find(name)) throw new GatewayError('user-exists', `${name} exists`);
  if (store.users.list().length >= usersMax) {
    throw new GatewayError('user-limit', `there are ${usersMax} users`);
  }
}

function requireKind({ name, kind }: Account, wanted: Account['kind']): void {
  if (kind !== wanted) throw new GatewayError('user-kind', `${name} is a ${kind} account`);
}

/** The site must not lose the last one who may change it. */
function requireOtherAdministrator(store: Store, { name, kind, role }: Account): void {
  if (kind !== 'person' || role !== 'admin') return;
  const others = store.users
    .list()
    .filter((each) => each.kind === 'person' && each.role === 'admin' && each.name !== name);
  if (others.length === 0) throw new GatewayError('last-administrator', `${name} is the last one`);
}

function putToken(store: Store, { name, hash, days, actor, now }: NewToken): number {
  const expiresAt = now + days * dayMs;
  store.tokens.put({ hash, user: name, issuedAt: now, expiresAt });
  const until = new Date(expiresAt).toISOString();
  record(store, { actor, now }, 'user.token', name, `until ${until}`);
  return expiresAt;
}

function record(
  store: Store,
  { actor, now }: By,
  action: AuditAction,
  object: string,
  detail: string,
): void {
  store.audit.add({ at: now, actor, action, object, outcome: 'success', detail });
}
