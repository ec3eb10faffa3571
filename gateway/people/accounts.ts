import { randomBytes } from 'node:crypto';
import { isDefaultSecret } from '../access/default-secrets.ts';
import { normalisePassword, requireGoodPassword } from '../access/password-rules.ts';
import { otpauthUri, toBase32, totpSecretBytes } from '../access/totp.ts';
import type { Accounts, PasswordRefusal, Signed } from '../api/accounts.ts';
import { GatewayError } from '../core/error.ts';
import type { Instant } from '../core/observation.ts';
import { hashOfSecret } from '../core/secret-hash.ts';
import type { Signal } from '../core/signal.ts';
import type { Admission } from '../keeper/admission.ts';
import { createOneTimePassword, hashPassword, verifyPassword } from '../pki/password.ts';
import { PasswordQueue } from '../pki/password-queue.ts';
import type { OwnOutcome } from './credential-keeping.ts';
import { createSessionSecret, createToken } from './session-secret.ts';
import type { CheckedPassword } from './sign-in-keeping.ts';

/** For who loses the second factor: enough to print, few enough to keep an eye on. */
const recoveryCodeCount = 10;
/** How long somebody is asked to wait whose password could not be checked now. */
const busyWaitSeconds = 2;

export interface AccountsOptions {
  readonly site: string;
  readonly call: Admission['call'];
  readonly signal: (signal: Signal) => void;
  readonly now: () => Instant;
}

/** What an outcome of a checked password is to whoever asked. */
type Checked = { readonly kind: 'checked'; readonly checked: CheckedPassword } | PasswordRefusal;

/**
 * The main thread’s end of users and sessions: it makes what is random and hashes what is slow; what
 * is decided and kept, the keeper decides and keeps.
 */
export function openAccounts(options: AccountsOptions): Accounts {
  const queue = new PasswordQueue();
  const { call, now } = options;
  const by = (actor: string) => ({ actor, now: now() });
  return {
    ...signingIn(options, queue),
    ...ownCredentials(options, queue),
    users: () => call('users'),
    async addPerson(name, role, actor) {
      const password = createOneTimePassword();
      const hash = await hashed(queue, password);
      await call('addPerson', { name, role, password: hash, ...by(actor) });
      return password;
    },
    async addMachine(name, role, days, actor) {
      const { secret: token, hash } = createToken();
      return {
        token,
        expiresAt: await call('addMachine', { name, role, hash, days, ...by(actor) }),
      };
    },
    async replaceToken(name, days, actor) {
      const { secret: token, hash } = createToken();
      return { token, expiresAt: await call('replaceToken', { name, hash, days, ...by(actor) }) };
    },
    removeUser: (name, actor) => call('removeUser', name, by(actor)),
    setRole: (name, role, actor) => call('setRole', name, role, by(actor)),
    async resetPassword(name, actor) {
      const password = createOneTimePassword();
      const hash = await hashed(queue, password);
      await call('setPassword', name, { password: hash, mustChange: true }, by(actor));
      return password;
    },
    resetSecondFactor: (name, actor) => call('resetSecondFactor', name, by(actor)),
    unlockUser: (name, actor) => call('unlockUser', name, by(actor)),
    revokeUser: (name, actor) => call('revokeUser', name, by(actor)),
    sessions: (user) => call('sessions', user, now()),
    endSession: (id, actor) => call('endSession', id, by(actor)),
  };
}

function signingIn(
  options: AccountsOptions,
  queue: PasswordQueue,
): Pick<Accounts, 'signIn' | 'signOn' | 'refuseSignOn' | 'session' | 'tokenHolder' | 'lasts'> {
  const { call, now } = options;
  return {
    async signIn({ user, password, code, address, previous }) {
      const name = user.toLowerCase();
      const attempt = await check(options, queue, { name, address, password });
      if (attempt.kind !== 'checked') return attempt;
      const { secret, hash } = createSessionSecret();
      const outcome = await call('endSignIn', {
        ...attempt.checked,
        code,
        session: hash,
        previous: hashOf(previous),
        mustChange: isDefaultSecret(normalisePassword(password)),
      });
      if (outcome.kind === 'signed-in') return { ...outcome, secret };
      if (outcome.kind === 'refused') report(options, address, outcome.isLocked, password);
      return outcome;
    },
    async signOn({ previous, ...given }) {
      const { secret, hash } = createSessionSecret();
      const opening = { ...given, now: now(), session: hash, previous: hashOf(previous) };
      return { secret, session: await call('signOn', opening) };
    },
    async refuseSignOn(cause, address) {
      await call('refuseSignOn', cause, address, now());
      report(options, address, false);
    },
    session: (secret) => call('session', hashOfSecret(secret), now(), true),
    async lasts({ by, session, role }) {
      if (session === undefined) return true;
      const holder =
        by === 'token'
          ? await call('tokenHolder', session, now())
          : await call('session', session, now(), false);
      return holder?.role === role;
    },
    async tokenHolder(token) {
      const id = hashOfSecret(token);
      const holder = await call('tokenHolder', id, now());
      return holder && { ...holder, id };
    },
  };
}

function ownCredentials(
  options: AccountsOptions,
  queue: PasswordQueue,
): Pick<Accounts, 'changePassword' | 'offerSecondFactor' | 'confirmSecondFactor'> {
  const { call, now, site } = options;
  const again = ({ session, address }: Signed, password: string) =>
    check(options, queue, { name: session.user, address, password });
  return {
    async changePassword(signed, current, password) {
      const { session, address } = signed;
      requireGoodPassword(password, [session.user, site]);
      if (password === current) {
        throw new GatewayError('password-refused', 'the new password is the one of before');
      }
      const attempt = await again(signed, current);
      if (attempt.kind !== 'checked') return attempt;
      const { secret, hash } = createSessionSecret();
      const outcome = await call('changePassword', {
        ...attempt.checked,
        session: session.id,
        next: hash,
        changed: attempt.checked.isRight ? await hashed(queue, normalisePassword(password)) : '',
      });
      const done = settle(options, address, outcome);
      return done.kind === 'done' ? { ...done, secret } : done;
    },
    async offerSecondFactor(signed, current) {
      const { session, address } = signed;
      const attempt = await again(signed, current);
      if (attempt.kind !== 'checked') return attempt;
      const secret = randomBytes(totpSecretBytes);
      const given = { ...attempt.checked, session: session.id, secret };
      const done = settle(options, address, await call('offerSecondFactor', given));
      if (done.kind !== 'done') return done;
      const uri = otpauthUri(secret, session.user, site);
      return { kind: 'done', secret: toBase32(secret), uri };
    },
    async confirmSecondFactor({ session, address }, code) {
      const recoveryCodes = Array.from({ length: recoveryCodeCount }, createOneTimePassword);
      const { secret, hash } = createSessionSecret();
      const outcome = await call('confirmSecondFactor', {
        session: session.id,
        next: hash,
        code,
        recoveryHashes: recoveryCodes.map(hashOfSecret),
        now: now(),
      });
      const done = settle(options, address, outcome);
      return done.kind === 'done' ? { ...done, secret, recoveryCodes } : done;
    },
  };
}

/** Checks a password, unless whoever gives it has to wait. */
async function check(
  { call, now, signal }: AccountsOptions,
  queue: PasswordQueue,
  given: { readonly name: string; readonly address: string; readonly password: string },
): Promise<Checked> {
  const { name, address } = given;
  const attempt = { name, address, now: now() };
  const { waitMs, password } = await call('beginSignIn', attempt);
  if (waitMs > 0) {
    signal({ kind: 'sign-in-early', at: now(), address });
    return { kind: 'too-early', waitSeconds: Math.ceil(waitMs / 1_000) };
  }
  const text = normalisePassword(given.password);
  const isRight = await queue.run(() => verifyPassword(text, password));
  if (isRight === undefined) {
    await call('abandonSignIn', attempt);
    return { kind: 'too-early', waitSeconds: busyWaitSeconds };
  }
  return { kind: 'checked', checked: { ...attempt, password, isRight } };
}

async function hashed(queue: PasswordQueue, password: string): Promise<string> {
  const hash = await queue.run(() => hashPassword(password));
  if (hash === undefined) throw new GatewayError('busy', 'too many passwords wait to be hashed');
  return hash;
}

function settle(options: AccountsOptions, address: string, outcome: OwnOutcome) {
  if (outcome.kind === 'no-session') throw new GatewayError('session-over', 'the session ended');
  if (outcome.kind === 'refused') report(options, address, outcome.isLocked);
  return outcome;
}

function hashOf(secret: string | undefined): string | undefined {
  return secret === undefined ? undefined : hashOfSecret(secret);
}

/** What detectors look at: somebody was refused, for whatever name. */
function report(
  { signal, now }: AccountsOptions,
  address: string,
  isLocked: boolean,
  tried = '',
): void {
  const isDefault = isDefaultSecret(normalisePassword(tried));
  signal({ kind: 'sign-in-refused', at: now(), address, isLocked, isDefault });
}
