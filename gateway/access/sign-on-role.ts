import type { UserRole } from '../core/account.ts';

/** What the site makes of an identity that the hospital’s sign-on vouches for. */
export interface RoleRules {
  /** The claim that names the person for the audit trail. */
  readonly nameClaim: string;
  /** The claim that lists roles or groups; a path with dots where there is no claim of that name. */
  readonly rolesClaim: string;
  /** In order: the first role or group that the person has decides. */
  readonly roles: Readonly<Record<string, UserRole>>;
}

export type Vouched =
  | { readonly kind: 'vouched'; readonly name: string; readonly role: UserRole }
  | { readonly kind: 'refused'; readonly cause: 'name' | 'role' | 'second-factor' };

/** Apart from people of this gateway, whose names have no colon. */
const prefix = 'sso:';
const nameForm = /^[\x21-\x7e]{1,128}$/;
/** RFC 8176: the provider asked for more than one factor. */
const severalFactors = 'mfa';

/** Denies by default: nobody without a role of the map, no administrator without a second factor. */
export function vouchedFor(
  claims: Readonly<Record<string, unknown>>,
  { nameClaim, rolesClaim, roles }: RoleRules,
): Vouched {
  const name = claims[nameClaim];
  if (typeof name !== 'string' || !nameForm.test(name)) return { kind: 'refused', cause: 'name' };
  const held = textsOf(claims[rolesClaim] ?? inPath(claims, rolesClaim));
  const [, role] = Object.entries(roles).find(([theirs]) => held.includes(theirs)) ?? [];
  if (!role) return { kind: 'refused', cause: 'role' };
  if (role === 'admin' && !textsOf(claims['amr']).includes(severalFactors)) {
    return { kind: 'refused', cause: 'second-factor' };
  }
  return { kind: 'vouched', name: `${prefix}${name}`, role };
}

/** `realm_access.roles` as Keycloak has it. */
function inPath(claims: Readonly<Record<string, unknown>>, path: string): unknown {
  return path.split('.').reduce<unknown>((value, key) => {
    const isObject = typeof value === 'object' && value !== null && Object.hasOwn(value, key);
    return isObject ? (value as Record<string, unknown>)[key] : undefined;
  }, claims);
}

function textsOf(value: unknown): readonly string[] {
  return [value].flat().filter((each) => typeof each === 'string');
}
