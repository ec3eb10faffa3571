import { z } from 'zod';
import type { Role } from './principal.ts';

/** What a person may be. */
export const userRoles = ['viewer', 'clinical', 'security', 'admin'] as const satisfies Role[];
export type UserRole = (typeof userRoles)[number];

/** What a machine may be: whoever administrates shows a second factor, which no machine has. */
export const machineRoles = ['machine', 'viewer', 'clinical', 'security'] as const satisfies Role[];
export type MachineRole = (typeof machineRoles)[number];

/** A machine’s token is good this long when nobody says otherwise, and at most. */
export const tokenDays = { usual: 365, max: 825 };

/** Lower case, so that nobody can be mistaken for somebody else by a capital. */
export const UserName = z
  .string()
  .regex(/^[a-z0-9][a-z0-9._-]{0,63}$/, 'lower-case letters, digits, dot, hyphen, underscore')
  // So the audit trail calls the gateway itself.
  .refine((name) => name !== 'gateway', 'the name of the gateway itself');

/**
 * Where an account’s credentials are: a person’s here (password, second factor), a machine’s here
 * (token), or with the hospital’s sign-on.
 */
export type AccountKind = 'person' | 'machine' | 'sign-on';

/** Who may use the gateway, as everybody who looks after users may see it. */
export interface Account {
  readonly name: string;
  readonly kind: AccountKind;
  readonly role: UserRole | MachineRole;
  /** The password is a one-time one: it opens nothing but its own change. */
  readonly mustChange: boolean;
  readonly hasSecondFactor: boolean;
  readonly addedAt: number;
}

/** What somebody has to do before anything else, in this order. */
export type FirstStep = 'change-password' | 'enrol-second-factor';

/** One sign-in of one person. Its secret is known to the browser alone; `id` is the SHA-256 of it. */
export interface Session {
  readonly id: string;
  readonly user: string;
  readonly kind: AccountKind;
  readonly role: UserRole;
  readonly firstStep: FirstStep | undefined;
  readonly startedAt: number;
  readonly seenAt: number;
  readonly address: string;
}

/** What a token speaks for. */
export interface TokenHolder {
  readonly name: string;
  readonly role: MachineRole;
}

/** An administrator signs in with a second factor (IEC 62443-4-2 CR 1.1 RE 2). */
export function firstStepOf({
  kind,
  role,
  mustChange,
  hasSecondFactor,
}: Omit<Account, 'name' | 'addedAt'>): FirstStep | undefined {
  if (kind !== 'person') return undefined;
  if (mustChange) return 'change-password';
  return role === 'admin' && !hasSecondFactor ? 'enrol-second-factor' : undefined;
}
