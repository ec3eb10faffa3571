import { z } from 'zod';
import { actorOf } from '../core/principal.ts';
import { lanes } from '../core/relay.ts';
import type { OutboxState } from '../core/site-state.ts';
import { answer, defineRoute, type Route } from './route.ts';
import { time, timeOf } from './time.ts';

export interface OutboxSource {
  state(): Promise<OutboxState>;
  /** Sends again what was refused. Returns how many entries. */
  retry(relay: string | undefined, actor: string): Promise<number>;
}

const relayCharsMax = 32;

const OutboxAnswer = z.object({
  lanes: z.array(
    z.object({
      relay: z.string(),
      lane: z.enum(lanes),
      entries: z.number(),
      bytes: z.number(),
      oldestAt: time.optional(),
    }),
  ),
  refused: z.array(z.object({ relay: z.string(), cause: z.string(), entries: z.number() })),
  held: z.array(
    z.object({ device: z.string(), cause: z.string(), rows: z.number(), oldestAt: time }),
  ),
  counters: z.record(z.string(), z.number()).describe('Since the site was made.'),
});

export function outboxRoutes(source: OutboxSource): readonly Route[] {
  return [
    defineRoute({
      method: 'GET',
      path: '/api/v1/outbox',
      action: 'outbox.read',
      summary: 'What each destination is owed, what it refused and why, and what is held.',
      answer: OutboxAnswer,
      handle: async () => answer(shown(await source.state())),
    }),
    defineRoute({
      method: 'POST',
      path: '/api/v1/outbox/retry',
      action: 'outbox.retry',
      summary: 'Sends what destinations refused once more.',
      body: z.strictObject({
        relay: z.string().max(relayCharsMax).optional().describe('All of them when left out.'),
      }),
      answer: z.object({ entries: z.number() }),
      async handle({ body: { relay }, principal }) {
        if (!principal) throw new RangeError('an open route that writes');
        return answer({ entries: await source.retry(relay, actorOf(principal)) });
      },
    }),
  ];
}

function shown({ lanes, refused, held, counters }: OutboxState): z.input<typeof OutboxAnswer> {
  return {
    lanes: lanes.map(({ oldestAt, ...lane }) => ({
      ...lane,
      ...(oldestAt !== undefined && { oldestAt: timeOf(oldestAt) }),
    })),
    refused: [...refused],
    held: held.map(({ oldestAt, ...row }) => ({ ...row, oldestAt: timeOf(oldestAt) })),
    counters,
  };
}
