import { z } from 'zod';
import type { Vouched } from '../access/sign-on-role.ts';
import type { Accounts } from './accounts.ts';
import { problem } from './problem.ts';
import { answerBytes, type Caller, defineRoute, type Route } from './route.ts';
import { cookieOf, sessionSecretOf, setCookie, withSession } from './session-cookie.ts';

/** What one browser keeps between its way to the provider and back. */
interface Memory {
  readonly state: string;
  readonly nonce: string;
  readonly verifier: string;
}

/** The hospital’s sign-on, and what the site makes of whom it vouches for. */
export interface SignOn {
  begin(): Promise<{ readonly url: string; readonly memory: Memory }>;
  finish(
    query: string,
    memory: Memory,
  ): Promise<Vouched | { readonly kind: 'refused'; readonly cause: string }>;
}

const cookieName = '__Host-wardgate-sign-on';
/** Long enough for a forgotten password at the provider. */
const memorySeconds = 600;
const wordForm = /^[\w-]{20,128}$/;

/**
 * Signing in by the hospital’s provider (OpenID Connect). Nothing is kept here meanwhile: state,
 * nonce and verifier are in a cookie of the one browser that began, which no other can have set.
 */
export function signOnRoutes(accounts: Accounts, signOn: SignOn): readonly Route[] {
  return [
    defineRoute({
      method: 'GET',
      path: '/api/v1/sign-on',
      action: 'session.open',
      summary: 'Sends the browser to the hospital’s sign-on.',
      async handle() {
        const { url, memory } = await signOn.begin();
        const value = [memory.state, memory.nonce, memory.verifier].join('.');
        // The way back begins at the provider: a strict cookie would stay behind.
        const cookie = setCookie(cookieName, value, `SameSite=Lax; Max-Age=${memorySeconds}`);
        return redirect(url, [cookie]);
      },
    }),
    defineRoute({
      method: 'GET',
      path: '/api/v1/sign-on/callback',
      action: 'session.open',
      summary: 'Where the hospital’s sign-on sends the browser back to.',
      query: z.looseObject({}),
      async handle({ caller }) {
        const { address } = caller;
        const memory = memoryOf(caller);
        if (!memory) return problem('sign-on-refused', 'Begin anew at /api/v1/sign-on.');
        const vouched = await signOn.finish(queryOf(caller), memory);
        if (vouched.kind === 'refused') {
          await accounts.refuseSignOn(vouched.cause, address);
          return problem('sign-on-refused', texts[vouched.cause] ?? vouched.cause);
        }
        const previous = sessionSecretOf(caller);
        const { secret } = await accounts.signOn({ ...vouched, address, previous });
        const forget = setCookie(cookieName, '', 'SameSite=Lax; Max-Age=0');
        return redirect('/', [withSession(secret)['set-cookie'], forget]);
      },
    }),
  ];
}

const texts: Readonly<Record<string, string>> = {
  name: 'The provider does not say who it is; see https.oidc.nameClaim.',
  role: 'None of the roles of https.oidc.roles.',
  'second-factor': 'The provider asked an administrator for one factor only.',
};

function redirect(location: string, cookies: readonly string[]) {
  return answerBytes('text/plain', '', 303, { location, 'set-cookie': cookies });
}

function memoryOf(caller: Caller): Memory | undefined {
  const words = cookieOf(caller, cookieName)?.split('.') ?? [];
  const [state, nonce, verifier] = words;
  if (!state || !nonce || !verifier || !words.every((word) => wordForm.test(word))) {
    return undefined;
  }
  return { state, nonce, verifier };
}

function queryOf({ url }: Caller): string {
  const mark = url.indexOf('?');
  return mark < 0 ? '' : url.slice(mark);
}
