import type { Account, MachineRole, Session, TokenHolder, UserRole } from '../core/account.ts';
import type { Principal } from '../core/principal.ts';

/** A session and the secret that only its browser gets. */
export interface OpenSession {
  readonly secret: string;
  readonly session: Session;
}

/** Why a password was not even checked, or was wrong. */
export type PasswordRefusal =
  | { readonly kind: 'refused' }
  | { readonly kind: 'too-early'; readonly waitSeconds: number };

export type SignInResult =
  | ({ readonly kind: 'signed-in' } & OpenSession)
  | { readonly kind: 'code-needed' }
  | PasswordRefusal;

export interface SignInRequest {
  readonly user: string;
  readonly password: string;
  readonly code: string | undefined;
  readonly address: string;
  /** The session’s secret that the browser had before. */
  readonly previous: string | undefined;
}

export interface SignOnRequest extends Pick<SignInRequest, 'address' | 'previous'> {
  readonly name: string;
  readonly role: UserRole;
}

/** Who is signed in, and where from. */
export interface Signed {
  readonly session: Session;
  readonly address: string;
}

/** What the routes of sessions and users need of the gateway. It throws GatewayErrors. */
export interface Accounts {
  signIn(request: SignInRequest): Promise<SignInResult>;
  /** For whom the hospital’s sign-on vouches. */
  signOn(request: SignOnRequest): Promise<OpenSession>;
  /** Writes down that it vouched for nobody. */
  refuseSignOn(cause: string, address: string): Promise<void>;
  /** By the secret of its cookie; undefined when it is over. */
  session(secret: string): Promise<Session | undefined>;
  tokenHolder(token: string): Promise<(TokenHolder & { readonly id: string }) | undefined>;
  /** Whether the session or the token somebody came by still holds. No request: a look. */
  lasts(principal: Principal): Promise<boolean>;
  /** Of one user, or of all. */
  sessions(user?: string): Promise<readonly Session[]>;
  endSession(id: string, actor: string): Promise<boolean>;
  changePassword(
    signed: Signed,
    current: string,
    password: string,
  ): Promise<({ readonly kind: 'done' } & OpenSession) | PasswordRefusal>;
  /** The URI is for an authenticator app, the secret for who types it. */
  offerSecondFactor(
    signed: Signed,
    current: string,
  ): Promise<
    { readonly kind: 'done'; readonly secret: string; readonly uri: string } | PasswordRefusal
  >;
  confirmSecondFactor(
    signed: Signed,
    code: string,
  ): Promise<
    | ({ readonly kind: 'done'; readonly recoveryCodes: readonly string[] } & OpenSession)
    | { readonly kind: 'refused' }
  >;
  users(): Promise<readonly (Account & { readonly tokenExpiresAt: number | undefined })[]>;
  /** Returns the one-time password. */
  addPerson(name: string, role: UserRole, actor: string): Promise<string>;
  addMachine(
    name: string,
    role: MachineRole,
    days: number,
    actor: string,
  ): Promise<{ readonly token: string; readonly expiresAt: number }>;
  replaceToken(
    name: string,
    days: number,
    actor: string,
  ): Promise<{ readonly token: string; readonly expiresAt: number }>;
  removeUser(name: string, actor: string): Promise<void>;
  setRole(name: string, role: UserRole, actor: string): Promise<void>;
  /** Returns the one-time password. */
  resetPassword(name: string, actor: string): Promise<string>;
  resetSecondFactor(name: string, actor: string): Promise<void>;
  unlockUser(name: string, actor: string): Promise<void>;
  /** Returns how many sessions ended. */
  revokeUser(name: string, actor: string): Promise<number>;
}
