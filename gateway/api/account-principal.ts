import type { Principal } from '../core/principal.ts';
import type { Accounts } from './accounts.ts';
import { type Problem, problem } from './problem.ts';
import type { Caller } from './route.ts';
import { isCsrfRight, sessionSecretOf } from './session-cookie.ts';

/** Where a session is made: what the browser had before is neither needed nor in the way. */
export const sessionPath = '/api/v1/session';

/**
 * Who asks, by a bearer token (RFC 6750) or a session’s cookie; undefined for whoever shows neither.
 * A token that is shown must hold. A session that is over is no session: its owner may sign in.
 */
export async function accountPrincipal(
  caller: Caller,
  accounts: Pick<Accounts, 'session' | 'tokenHolder'>,
): Promise<Principal | Problem | undefined> {
  const token = bearerOf(caller);
  if (token !== undefined) {
    const holder = await accounts.tokenHolder(token);
    if (!holder) {
      const header = { 'www-authenticate': 'Bearer realm="wardgate", error="invalid_token"' };
      return problem('unauthenticated', 'The token is unknown, void or expired.', header);
    }
    return { id: holder.name, role: holder.role, by: 'token', session: holder.id };
  }
  const secret = sessionSecretOf(caller);
  if (secret === undefined || isSigningIn(caller)) return undefined;
  const session = await accounts.session(secret);
  if (!session) return undefined;
  if (!isCsrfRight(caller, secret)) return problem('csrf');
  const { user: id, role, id: name, firstStep } = session;
  return { id, role, by: 'session', session: name, isConfined: firstStep !== undefined };
}

function bearerOf({ headers }: Caller): string | undefined {
  const { authorization } = headers;
  if (typeof authorization !== 'string') return undefined;
  return /^Bearer +([\w.~+/-]+=*)$/i.exec(authorization)?.[1];
}

/** Signing in asks for JSON, which no foreign page can send unasked: it needs no token of before. */
function isSigningIn({ method, url }: Caller): boolean {
  return method === 'POST' && url === sessionPath;
}
