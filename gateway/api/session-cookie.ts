import { createHmac, timingSafeEqual } from 'node:crypto';
import type { Caller } from './route.ts';

/** The prefix makes browsers insist on Secure, Path=/ and no Domain (RFC 6265bis 4.1.3.2). */
const cookieName = '__Host-wardgate';
/** As `createSessionSecret` makes them. */
const secretForm = /^[A-Za-z0-9_-]{43}$/;

/** The header that a page sends with every change; a foreign page cannot know its value. */
const csrfHeader = 'x-csrf-token';

/** The value of a cookie. Two of a name are none: one may be planted. */
export function cookieOf({ headers }: Caller, name: string): string | undefined {
  const { cookie } = headers;
  if (typeof cookie !== 'string') return undefined;
  const found = cookie
    .split(';')
    .map((pair) => pair.trim())
    .filter((pair) => pair.startsWith(`${name}=`));
  return found.length === 1 ? found[0]?.slice(name.length + 1) : undefined;
}

/** Such a cookie goes to this host alone, over TLS alone, and to no script. */
export function setCookie(name: string, value: string, attributes: string): string {
  return `${name}=${value}; Path=/; Secure; HttpOnly; ${attributes}`;
}

/** The session’s secret that the browser sent. */
export function sessionSecretOf(caller: Caller): string | undefined {
  const secret = cookieOf(caller, cookieName);
  return secret !== undefined && secretForm.test(secret) ? secret : undefined;
}

/** Until the browser is closed, or the session ends here. */
export function withSession(secret: string) {
  return { 'set-cookie': setCookie(cookieName, secret, 'SameSite=Strict') };
}

export const withoutSession = {
  'set-cookie': setCookie(cookieName, '', 'SameSite=Strict; Max-Age=0'),
};

/**
 * Bound to the session, so that none has to be kept and another session’s is of no use (OWASP CSRF
 * Prevention, signed double submit).
 */
export function csrfTokenOf(secret: string): string {
  return createHmac('sha256', secret).update('csrf').digest('base64url');
}

export function isCsrfRight({ method, headers }: Caller, secret: string): boolean {
  if (method === 'GET' || method === 'HEAD') return true;
  const given = headers[csrfHeader];
  if (typeof given !== 'string') return false;
  const [wanted, shown] = [Buffer.from(csrfTokenOf(secret)), Buffer.from(given)];
  return wanted.length === shown.length && timingSafeEqual(wanted, shown);
}
