import { z } from 'zod';
import { actorOf } from '../core/principal.ts';
import { answer, defineRoute, type Route } from './route.ts';

/** Has the settings read anew. Returns the number of the order. */
export type AskReload = (actor: string) => Promise<number>;

export function reloadRoute(ask: AskReload): Route {
  return defineRoute({
    method: 'POST',
    path: '/api/v1/reload',
    action: 'settings.reload',
    summary: 'Has the settings read anew, soon; what became of it is among the events.',
    answer: z.object({ order: z.number() }),
    async handle({ principal }) {
      if (!principal) throw new RangeError('an order of nobody');
      return answer({ order: await ask(actorOf(principal)) });
    },
  });
}
