import { z } from 'zod';
import { authorise } from '../access/authorise.ts';
import { userRoles } from '../core/account.ts';
import type { Principal } from '../core/principal.ts';
import type { Accounts } from './accounts.ts';
import { problem } from './problem.ts';
import { answer, answerBytes, defineRoute, type Route } from './route.ts';

/** `id` names a session and opens none. */
const Sessions = z.object({
  sessions: z.array(
    z.object({
      id: z.string(),
      user: z.string(),
      role: z.enum(userRoles),
      startedAt: z.number(),
      seenAt: z.number(),
      address: z.string(),
      isOwn: z.boolean().describe('The very session that asks.'),
    }),
  ),
});

const id = z.string().regex(/^[\w-]{43}$/);

/** Who is signed in, and ending it from afar (IEC 62443-4-2 CR 2.6): with the next request. */
export function sessionsRoutes(accounts: Accounts): readonly Route[] {
  return [
    defineRoute({
      method: 'GET',
      path: '/api/v1/sessions',
      action: 'session.own',
      summary: 'One’s own sessions; everybody’s for whoever may end them.',
      answer: Sessions,
      async handle({ principal }) {
        const sessions = await accounts.sessions(mayManage(principal) ? undefined : principal?.id);
        return answer({
          sessions: sessions.map((each) => ({ ...each, isOwn: each.id === principal?.session })),
        });
      },
    }),
    defineRoute({
      method: 'DELETE',
      path: '/api/v1/sessions/:id',
      action: 'session.own',
      summary: 'Ends a session: one’s own, or anybody’s for whoever may.',
      parameters: z.strictObject({ id }),
      async handle({ principal, parameters }) {
        const own = await accounts.sessions(principal?.id);
        const isOwn = principal?.by === 'session' && own.some((each) => each.id === parameters.id);
        // A session that one may not end is not there.
        if (!isOwn && !mayManage(principal)) return problem('not-found');
        const hasEnded = await accounts.endSession(parameters.id, principal?.id ?? '');
        return hasEnded ? answerBytes('text/plain', '', 204) : problem('not-found');
      },
    }),
  ];
}

function mayManage(principal: Principal | undefined): boolean {
  return authorise(principal, { name: 'session.manage' }).isAllowed;
}
