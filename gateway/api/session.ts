import { z } from 'zod';
import { sessionIdleMs, sessionLongestMs } from '../access/session-rules.ts';
import { type Session, userRoles } from '../core/account.ts';
import { sessionPath } from './account-principal.ts';
import type { Accounts, OpenSession, PasswordRefusal, Signed } from './accounts.ts';
import { type Problem, problem } from './problem.ts';
import { type Answer, answer, answerBytes, type Call, defineRoute, type Route } from './route.ts';
import { csrfTokenOf, sessionSecretOf, withoutSession, withSession } from './session-cookie.ts';

/** Longer than any name, password or code that is one. */
const wordLengthMax = 256;

export const Password = z
  .string()
  .min(1)
  .max(4 * wordLengthMax);
export const Code = z.string().trim().min(6).max(wordLengthMax);

/** What the browser must know of its session. */
export const OwnSession = z.object({
  user: z.string(),
  role: z.enum(userRoles),
  csrfToken: z.string().describe('Send it as X-CSRF-Token with every change.'),
  mustChangePassword: z.boolean().describe('Nothing else is allowed before: POST password.'),
  mustEnrolTotp: z.boolean().describe('Nothing else is allowed before: POST totp.'),
  startedAt: z.number(),
  endsAt: z.number().describe('The latest moment, in milliseconds since the epoch.'),
  idleMs: z.number().describe('It ends after so long without a request.'),
});

const SignIn = z.strictObject({
  user: z.string().min(1).max(wordLengthMax),
  password: Password,
  totp: Code.optional().describe('A code of the second factor, or a recovery code.'),
});

/** Signing in and out: `/api/v1/session` is the caller’s own session. */
export function sessionRoutes(accounts: Accounts): readonly Route[] {
  return [
    defineRoute({
      method: 'POST',
      path: sessionPath,
      action: 'session.open',
      summary: 'Signs in: sets the session’s cookie, and says what has to be done first.',
      body: SignIn,
      answer: OwnSession,
      async handle({ caller, body: { user, password, totp } }) {
        const { address } = caller;
        const previous = sessionSecretOf(caller);
        const result = await accounts.signIn({ user, password, code: totp, address, previous });
        if (result.kind === 'signed-in') return answerSession(result);
        return result.kind === 'code-needed' ? problem('code-needed') : problemOfPassword(result);
      },
    }),
    defineRoute({
      method: 'GET',
      path: sessionPath,
      action: 'session.own',
      summary: 'The session one is in.',
      answer: OwnSession,
      async handle({ caller }) {
        const secret = sessionSecretOf(caller);
        const session = secret === undefined ? undefined : await accounts.session(secret);
        return secret !== undefined && session
          ? answer(describe({ secret, session }))
          : noSession();
      },
    }),
    defineRoute({
      method: 'DELETE',
      path: sessionPath,
      action: 'session.own',
      summary: 'Signs out.',
      async handle({ principal }) {
        if (principal?.by !== 'session') return noSession();
        await accounts.endSession(principal.session ?? '', principal.id);
        return answerBytes('text/plain', '', 204, withoutSession);
      },
    }),
  ];
}

/** The session that the call came in; a problem for whoever came by another way. */
export async function signedOf(
  { caller, principal }: Call<unknown, unknown, unknown>,
  accounts: Accounts,
): Promise<Signed | Problem> {
  const secret = sessionSecretOf(caller);
  if (principal?.by !== 'session' || secret === undefined) return noSession();
  const session = await accounts.session(secret);
  return session ? { session, address: caller.address } : problem('unauthenticated');
}

export function problemOfPassword(refusal: PasswordRefusal): Problem {
  if (refusal.kind === 'refused') return problem('sign-in-refused');
  return problem('too-many', 'Too many sign-ins failed.', {
    'retry-after': `${refusal.waitSeconds}`,
  });
}

/** The session that a browser has from now on. */
export function answerSession(open: OpenSession, more: object = {}): Answer {
  return answer({ ...describe(open), ...more }, 200, withSession(open.secret));
}

function describe({ secret, session }: OpenSession): z.input<typeof OwnSession> {
  const { user, role, firstStep, startedAt }: Session = session;
  return {
    user,
    role,
    csrfToken: csrfTokenOf(secret),
    mustChangePassword: firstStep === 'change-password',
    mustEnrolTotp: firstStep === 'enrol-second-factor',
    startedAt,
    endsAt: startedAt + sessionLongestMs,
    idleMs: sessionIdleMs,
  };
}

function noSession(): Problem {
  return problem('forbidden', 'Only within a session: sign in.');
}
