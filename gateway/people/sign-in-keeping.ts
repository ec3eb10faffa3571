import { addressLockOut, attempt, takenBack, userLockOut } from '../access/lock-out.ts';
import { seenEveryMs, sessionEnd, sessionsPerUserMax } from '../access/session-rules.ts';
import { totpStepOf } from '../access/totp.ts';
import type { Session, TokenHolder, UserRole } from '../core/account.ts';
import type { AuditAction } from '../core/audit-action.ts';
import { GatewayError } from '../core/error.ts';
import { hashOfSecret } from '../core/secret-hash.ts';
import { failureSubjects } from '../store/sign-in-failures.ts';
import type { Store } from '../store/store.ts';
import { addSignOnUser } from './user-keeping.ts';

/** Who tries to sign in, and from where. */
export interface SignInTry {
  readonly name: string;
  /** Without port. */
  readonly address: string;
  readonly now: number;
}

export interface SignInStart {
  /** Above zero: too early, nothing is to be checked. */
  readonly waitMs: number;
  /** The hash to check against. Undefined for whoever has no password here: it never fits. */
  readonly password: string | undefined;
}

/** A password that was checked, by whoever has the time to. */
export interface CheckedPassword extends SignInTry {
  /** The hash it was checked against. */
  readonly password: string | undefined;
  readonly isRight: boolean;
}

export interface SignIn extends CheckedPassword {
  /** Of the second factor, or for recovery. */
  readonly code: string | undefined;
  /** SHA-256 of the new session’s secret. */
  readonly session: string;
  /** The session this browser had before, which ends: no session outlives a sign-in. */
  readonly previous: string | undefined;
  /** The password is known not to be one: another must be chosen before anything else. */
  readonly mustChange: boolean;
}

export type SignInOutcome =
  | { readonly kind: 'signed-in'; readonly session: Session }
  /** The password is right, and a code is asked for. */
  | { readonly kind: 'code-needed' }
  | { readonly kind: 'refused'; readonly isLocked: boolean };

export interface SignOn extends SignInTry {
  readonly role: UserRole;
  readonly session: string;
  readonly previous: string | undefined;
}

/** What the keeper does for who signs in. Every change is one transaction, with its audit entry. */
export interface SignInCalls {
  beginSignIn(given: SignInTry): SignInStart;
  endSignIn(given: SignIn): SignInOutcome;
  /** The password could not be checked: the attempt was none. */
  abandonSignIn(given: SignInTry): void;
  signOn(given: SignOn): Session;
  refuseSignOn(cause: string, address: string, now: number): void;
  /** The session, unless it is over. A request keeps it from being idle; a look does not. */
  session(id: string, now: number, isRequest: boolean): Session | undefined;
  tokenHolder(hash: string, now: number): TokenHolder | undefined;
}

/** Of what a provider calls its reason. */
const causeLengthMax = 64;

export function signInCalls(store: Store): SignInCalls {
  return {
    beginSignIn: (given) => store.transact(() => begin(store, given)),
    endSignIn: (given) => store.transact(() => end(store, given)),
    abandonSignIn: (given) => store.transact(() => takeBack(store, given)),
    signOn: (given) => store.transact(() => signOn(store, given)),
    refuseSignOn: (cause, address, now) =>
      store.audit.add({
        at: now,
        actor: `address:${address}`,
        action: 'session.open',
        object: '',
        outcome: 'failure',
        detail: `sign-on, ${cause.slice(0, causeLengthMax)}`,
      }),
    session: (id, now, isRequest) => lookUp(store, id, now, isRequest),
    tokenHolder: (hash, now) => store.tokens.holder(hash, now),
  };
}

/** A name nobody has costs the same as one that somebody has, here and everywhere below. */
function begin(store: Store, given: SignInTry): SignInStart {
  const subjects = failureSubjects(given);
  const failures = store.signInFailures;
  const user = attempt(failures.find(subjects.user), given.now, userLockOut);
  const address = attempt(failures.find(subjects.address), given.now, addressLockOut);
  const waitMs = Math.max(user.waitMs, address.waitMs);
  // An attempt that one of both forbids is none for the other.
  if (user.waitMs > 0 || waitMs === 0) failures.put(subjects.user, user.failures);
  if (address.waitMs > 0 || waitMs === 0) failures.put(subjects.address, address.failures);
  return { waitMs, password: store.users.credentials(given.name)?.password };
}

function end(store: Store, given: SignIn): SignInOutcome {
  const { name, address, code, now } = given;
  if (!isPasswordRight(store, given)) return refuse(store, given, 'password');
  const { secondFactor } = store.users.credentials(name) ?? {};
  if (secondFactor && code === undefined) {
    // No failure, but no success either: a code may not be guessed behind a fresh count.
    takeBack(store, given);
    return { kind: 'code-needed' };
  }
  if (secondFactor && !useCode(store, name, code ?? '', now)) return refuse(store, given, 'code');
  succeed(store, given);
  if (given.mustChange) outdate(store, given);
  const session = open(store, given);
  audit(store, { actor: name, action: 'session.open', object: name, now, detail: address });
  return { kind: 'signed-in', session };
}

/** It still opens the first step, its own change, and nothing else. */
function outdate(store: Store, { name, password, now }: SignIn): void {
  if (password === undefined || store.users.find(name)?.mustChange === true) return;
  store.users.setPassword(name, password, true);
  const detail = 'a default that devices are shipped with';
  audit(store, { actor: 'gateway', action: 'user.password', object: name, now, detail });
}

/** Also false when the password was changed while it was checked. */
export function isPasswordRight(store: Store, { name, password, isRight }: CheckedPassword) {
  const known = store.users.credentials(name)?.password;
  return isRight && password !== undefined && known === password;
}

/** Whether a code of the second factor is good, or a recovery code. Either is good once. */
function useCode(store: Store, name: string, code: string, now: number): boolean {
  const { secondFactor, lastStep = 0 } = store.users.credentials(name) ?? {};
  const step = secondFactor && totpStepOf(secondFactor, code, now, lastStep);
  if (step === undefined) return store.users.useRecoveryCode(name, hashOfSecret(code));
  store.users.useStep(name, step);
  return true;
}

/** Writes a refusal down. The name only if it is somebody’s: it may be a password, typed too early. */
export function refuse(
  store: Store,
  given: SignInTry,
  cause: 'password' | 'code',
): { readonly kind: 'refused'; readonly isLocked: boolean } {
  const { name, address, now } = given;
  const account = store.users.find(name);
  const failures = store.signInFailures.find(failureSubjects(given).user);
  const isLocked = (failures?.count ?? 0) >= userLockOut.lockAtFailures;
  store.audit.add({
    at: now,
    actor: account ? name : `address:${address}`,
    action: 'session.open',
    object: account ? name : '',
    outcome: 'failure',
    detail: `${address}, ${cause}${isLocked ? ', locked' : ''}`,
  });
  return { kind: 'refused', isLocked };
}

/** The person’s failures are forgotten; the address’s are not: it may have an account of its own. */
export function succeed(store: Store, given: SignInTry): void {
  const subjects = failureSubjects(given);
  const address = store.signInFailures.find(subjects.address);
  if (address) store.signInFailures.put(subjects.address, takenBack(address));
  store.signInFailures.remove(subjects.user);
}

function takeBack(store: Store, given: SignInTry): void {
  for (const subject of Object.values(failureSubjects(given))) {
    const failures = store.signInFailures.find(subject);
    if (failures) store.signInFailures.put(subject, takenBack(failures));
  }
}

interface Opening {
  readonly name: string;
  readonly address: string;
  readonly now: number;
  readonly session: string;
  readonly previous: string | undefined;
}

/** A session of a new id, never one that the browser brought along. */
function open(store: Store, { name, address, now, session, previous }: Opening): Session {
  if (previous !== undefined) store.sessions.remove(previous);
  const others = store.sessions.list(name);
  const surplus = Math.max(0, others.length - sessionsPerUserMax + 1);
  for (const { id } of others.slice(0, surplus)) store.sessions.remove(id);
  store.sessions.add({ id: session, user: name, startedAt: now, seenAt: now, address });
  return found(store, session);
}

/** The same session under another id, after what it may do has changed; it lasts no longer. */
export function renew(store: Store, before: Session, id: string, now: number): Session {
  store.sessions.remove(before.id);
  store.sessions.add({ ...before, id, seenAt: now });
  return found(store, id);
}

function found(store: Store, id: string): Session {
  const session = store.sessions.find(id);
  if (!session) throw new GatewayError('store-damaged', 'a session that was just made is gone');
  return session;
}

function signOn(store: Store, given: SignOn): Session {
  const { name, role, address, now } = given;
  addSignOnUser(store, { name, role, now });
  const session = open(store, given);
  const detail = `${address}, sign-on as ${role}`;
  audit(store, { actor: name, action: 'session.open', object: name, now, detail });
  return session;
}

function lookUp(store: Store, id: string, now: number, isRequest: boolean): Session | undefined {
  const session = store.sessions.find(id);
  if (!session) return undefined;
  const cause = sessionEnd(session, now);
  if (cause !== undefined) {
    store.transact(() => {
      if (!store.sessions.remove(id)) return;
      const { user } = session;
      audit(store, { actor: 'gateway', action: 'session.end', object: user, now, detail: cause });
    });
    return undefined;
  }
  if (!isRequest || now - session.seenAt < seenEveryMs) return session;
  store.transact(() => store.sessions.see(id, now));
  return { ...session, seenAt: now };
}

interface Act {
  readonly actor: string;
  readonly action: AuditAction;
  readonly object: string;
  readonly now: number;
  readonly detail: string;
}

export function audit(store: Store, { actor, action, object, now, detail }: Act): void {
  store.audit.add({ at: now, actor, action, object, outcome: 'success', detail });
}
