import { createHmac, timingSafeEqual } from 'node:crypto';
import type { Caller, Headers } from './route.ts';

/** The prefix makes browsers insist on Secure, Path=/ and no Domain (RFC 6265bis 4.1.3.2). */
const cookieName = '__Host-wardgate';
/** As `createSessionSecret` makes them. */
const secretForm = /^[A-Za-z0-9_-]{43}$/;

/** The header that a page sends with every change; a foreign page cannot know its value. */
const csrfHeader = 'x-csrf-token';

/** The session’s secret that the browser sent. Two of them are none: one may be planted. */
export function sessionSecretOf({ headers }: Caller): string | undefined {
  const { cookie } = headers;
  if (typeof cookie !== 'string') return undefined;
  const prefix = `${cookieName}=`;
  const found = cookie
    .split(';')
    .map((pair) => pair.trim())
    .filter((pair) => pair.startsWith(prefix));
  const secret = found[0]?.slice(prefix.length) ?? '';
  return found.length === 1 && secretForm.test(secret) ? secret : undefined;
}

/** Until the browser is closed, or the session ends here. */
export function withSession(secret: string): Headers {
  return { 'set-cookie': `${cookieName}=${secret}; Path=/; Secure; HttpOnly; SameSite=Strict` };
}

export const withoutSession: Headers = {
  'set-cookie': `${cookieName}=; Path=/; Secure; HttpOnly; SameSite=Strict; Max-Age=0`,
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
