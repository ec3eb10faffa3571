import { z } from 'zod';
import { quarantineReasonCharsMax } from '../core/quarantine.ts';
import {
  type Response,
  type ResponseState,
  responseStates,
  timedActions,
} from '../core/response.ts';
import { threatIds } from '../core/threat.ts';
import { answer, callerOf, defineRoute, type Route } from './route.ts';
import { time, timeOf } from './time.ts';

interface Order {
  readonly sequence: number;
  readonly reason: string;
  readonly actor: string;
}

export interface ResponseSource {
  /** Newest first. */
  list(countMax: number, state?: ResponseState): Promise<readonly Response[]>;
  confirm(order: Order): Promise<Response>;
  undo(order: Order): Promise<Response>;
}

const pageCountMax = 500;

const ResponseAnswer = z.object({
  sequence: z.number(),
  episode: z.number().describe('The finding it answers.'),
  threat: z.enum(threatIds),
  detector: z.string(),
  action: z.enum(timedActions),
  object: z.string().describe('A device, or an address.'),
  state: z.enum(responseStates),
  reason: z.string(),
  at: time,
  lastsMs: z.number(),
  until: time.optional().describe('It ends by itself then.'),
  actor: z.string().optional().describe('Who confirmed or ended it.'),
  settledAt: time.optional(),
});

/** What the gateway does about findings by itself, and what waits for a person. */
export function responseRoutes({ list, ...orders }: ResponseSource): readonly Route[] {
  return [
    defineRoute({
      method: 'GET',
      path: '/api/v1/responses',
      action: 'finding.read',
      summary: 'What was done about findings, and what waits for a person, newest first.',
      query: z.strictObject({
        count: z.coerce.number().int().min(1).max(pageCountMax).default(100),
        state: z.enum(responseStates).optional(),
      }),
      answer: z.object({ responses: z.array(ResponseAnswer) }),
      handle: async ({ query: { count, state } }) =>
        answer({ responses: (await list(count, state)).map(shown) }),
    }),
    ...(['confirm', 'undo'] as const).map((name) =>
      defineRoute({
        method: 'POST',
        path: `/api/v1/responses/:id/${name}`,
        action: 'response.change',
        summary:
          name === 'confirm'
            ? 'Has done what waited for a person.'
            : 'Takes back what is done, or says no to what waits.',
        parameters: z.strictObject({ id: z.coerce.number().int().positive() }),
        body: z.strictObject({
          reason: z.string().trim().min(1).max(quarantineReasonCharsMax).describe('For the audit.'),
        }),
        answer: ResponseAnswer,
        async handle(call) {
          const { id: sequence } = call.parameters;
          const { reason } = call.body;
          return answer(shown(await orders[name]({ sequence, reason, actor: callerOf(call) })));
        },
      }),
    ),
  ];
}

function shown({ at, until, settledAt, ...rest }: Response): z.input<typeof ResponseAnswer> {
  return {
    ...rest,
    at: timeOf(at),
    ...(until !== undefined && { until: timeOf(until) }),
    ...(settledAt !== undefined && { settledAt: timeOf(settledAt) }),
  };
}
