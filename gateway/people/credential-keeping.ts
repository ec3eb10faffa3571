import { totpStepOf } from '../access/totp.ts';
import type { Session } from '../core/account.ts';
import type { Store } from '../store/store.ts';
import {
  audit,
  type CheckedPassword,
  isPasswordRight,
  refuse,
  renew,
  succeed,
} from './sign-in-keeping.ts';

/** Somebody who is signed in and gave the password again. */
export interface OwnChange extends CheckedPassword {
  /** The session it is done in. */
  readonly session: string;
}

export interface PasswordChange extends OwnChange {
  /** The new password’s hash. */
  readonly changed: string;
  /** The session’s id from now on. */
  readonly next: string;
}

export interface FactorOffer extends OwnChange {
  readonly secret: Uint8Array;
}

export interface FactorConfirmation {
  readonly session: string;
  readonly next: string;
  readonly code: string;
  readonly recoveryHashes: readonly string[];
  readonly now: number;
}

export type OwnOutcome =
  | { readonly kind: 'done'; readonly session: Session }
  | { readonly kind: 'refused'; readonly isLocked: boolean }
  /** The session ended meanwhile, or is nobody’s who has a password here. */
  | { readonly kind: 'no-session' };

/** What the keeper does for who changes what they sign in with. */
export interface CredentialCalls {
  changePassword(given: PasswordChange): OwnOutcome;
  offerSecondFactor(given: FactorOffer): OwnOutcome;
  confirmSecondFactor(given: FactorConfirmation): OwnOutcome;
}

export function credentialCalls(store: Store): CredentialCalls {
  return {
    changePassword: (given) => store.transact(() => changePassword(store, given)),
    offerSecondFactor: (given) => store.transact(() => offerSecondFactor(store, given)),
    confirmSecondFactor: (given) => store.transact(() => confirmSecondFactor(store, given)),
  };
}

function changePassword(store: Store, given: PasswordChange): OwnOutcome {
  const session = ownSession(store, given.session);
  if (session?.user !== given.name) return { kind: 'no-session' };
  if (!isPasswordRight(store, given)) return refuse(store, given, 'password');
  succeed(store, given);
  const { user } = session;
  store.users.setPassword(user, given.changed, false);
  const renewed = renewAlone(store, session, given.next, given.now);
  const { now } = given;
  audit(store, { actor: user, action: 'user.password', object: user, now, detail: 'own' });
  return { kind: 'done', session: renewed };
}

function offerSecondFactor(store: Store, given: FactorOffer): OwnOutcome {
  const session = ownSession(store, given.session);
  if (session?.user !== given.name) return { kind: 'no-session' };
  if (!isPasswordRight(store, given)) return refuse(store, given, 'password');
  succeed(store, given);
  store.users.offerSecondFactor(session.user, given.secret);
  return { kind: 'done', session };
}

function confirmSecondFactor(store: Store, given: FactorConfirmation): OwnOutcome {
  const { code, now, next, recoveryHashes } = given;
  const session = ownSession(store, given.session);
  const offered = session && store.users.credentials(session.user)?.offered;
  if (!offered) return { kind: 'no-session' };
  const step = totpStepOf(offered, code, now, 0);
  // Who asks knows the secret already: there is nothing to guess, and nobody to lock out.
  if (step === undefined) return { kind: 'refused', isLocked: false };
  const { user } = session;
  store.users.confirmSecondFactor(user, step, recoveryHashes);
  const renewed = renewAlone(store, session, next, now);
  audit(store, { actor: user, action: 'user.second-factor', object: user, now, detail: 'own' });
  return { kind: 'done', session: renewed };
}

function ownSession(store: Store, id: string): Session | undefined {
  const session = store.sessions.find(id);
  return session?.kind === 'person' ? session : undefined;
}

/** Sessions of before the change end: one of them may be whoever made it necessary. */
function renewAlone(store: Store, session: Session, next: string, now: number): Session {
  store.sessions.removeOf(session.user);
  return renew(store, session, next, now);
}
