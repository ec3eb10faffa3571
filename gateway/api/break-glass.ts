import { z } from 'zod';
import { authorise } from '../access/authorise.ts';
import {
  type GlassBreak,
  type GlassVerdict,
  glassReasonCharsMax,
  glassReasonCharsMin,
  glassVerdicts,
  reviewStateOf,
} from '../core/break-glass.ts';
import type { Principal } from '../core/principal.ts';
import { problem } from './problem.ts';
import { type Answer, answer, defineRoute, type Route } from './route.ts';
import { time, timeOf } from './time.ts';

type Outcome = GlassBreak | 'unknown' | 'open-already' | 'reviewed-already';

export interface GlassSource {
  open(user: string, reason: string): Promise<Outcome>;
  /** Newest first, below a number; of one user or of all. */
  list(before: number, countMax: number, user?: string): Promise<readonly GlassBreak[]>;
  review(sequence: number, user: string, by: string, verdict: GlassVerdict): Promise<Outcome>;
  now(): number;
}

const pageCountMax = 200;
const userCharsMax = 64;

const GlassAnswer = z.object({
  sequence: z.number(),
  user: z.string(),
  reason: z.string(),
  openedAt: time,
  until: time,
  reviewState: z.enum(['done', 'due', 'overdue']).describe('Due within 72 hours.'),
  review: z.object({ by: z.string(), at: time, verdict: z.enum(glassVerdicts) }).optional(),
});

/** Who may not wait for the right that the role lacks takes it, says why, and is reviewed. */
export function breakGlassRoutes(source: GlassSource): readonly Route[] {
  return [openRoute(source), listRoute(source), reviewRoute(source)];
}

function openRoute(source: GlassSource): Route {
  return defineRoute({
    method: 'POST',
    path: '/api/v1/break-glass',
    action: 'break-glass.open',
    summary: 'Raises the one who asks for one hour to the rights marked raised in docs/access.md.',
    body: z.strictObject({
      reason: z.string().trim().min(glassReasonCharsMin).max(glassReasonCharsMax),
    }),
    answer: GlassAnswer,
    async handle({ body: { reason }, principal }) {
      // A machine has no patient before it, and a reason of its own neither.
      if (principal?.by !== 'session') return problem('forbidden', 'Only a person who signed in.');
      return answerOf(await source.open(principal.id, reason), source.now(), 201);
    },
  });
}

function listRoute(source: GlassSource): Route {
  return defineRoute({
    method: 'GET',
    path: '/api/v1/break-glass',
    action: 'break-glass.read',
    summary: 'Who broke the glass and why, newest first; one’s own where the role sees no others.',
    query: z.strictObject({
      before: z.coerce.number().int().positive().default(Number.MAX_SAFE_INTEGER),
      count: z.coerce.number().int().min(1).max(pageCountMax).default(50),
    }),
    answer: z.object({ breaks: z.array(GlassAnswer) }),
    async handle({ query: { before, count }, principal }) {
      const user = maySeeAll(principal) ? undefined : principal?.id;
      const breaks = await source.list(before, count, user);
      return answer({ breaks: breaks.map((each) => shown(each, source.now())) });
    },
  });
}

function reviewRoute(source: GlassSource): Route {
  return defineRoute({
    method: 'POST',
    path: '/api/v1/break-glass/:user/:sequence/review',
    action: 'break-glass.review',
    owner: ({ user }) => user,
    summary: 'Reviews that somebody else broke the glass.',
    parameters: z.strictObject({
      user: z.string().max(userCharsMax),
      sequence: z.coerce.number().int().positive(),
    }),
    body: z.strictObject({ verdict: z.enum(glassVerdicts) }),
    answer: GlassAnswer,
    async handle({ parameters: { user, sequence }, body: { verdict }, principal }) {
      // Only a person can look at it.
      if (principal?.by !== 'session') return problem('forbidden', 'Only a person who signed in.');
      const outcome = await source.review(sequence, user, principal.id, verdict);
      return answerOf(outcome, source.now(), 200);
    },
  });
}

/** The right to see others’ is asked with an owner who is nobody. */
function maySeeAll(principal: Principal | undefined): boolean {
  return authorise(principal, { name: 'break-glass.read' }).isAllowed;
}

function answerOf(outcome: Outcome, now: number, status: number): Answer {
  if (outcome === 'unknown') return problem('not-found');
  if (outcome === 'open-already') return problem('conflict', 'The glass is broken already.');
  if (outcome === 'reviewed-already') return problem('conflict', 'It was reviewed already.');
  return answer(shown(outcome, now), status);
}

function shown(broken: GlassBreak, now: number): z.input<typeof GlassAnswer> {
  const { openedAt, until, review, ...rest } = broken;
  return {
    ...rest,
    openedAt: timeOf(openedAt),
    until: timeOf(until),
    reviewState: reviewStateOf(broken, now),
    ...(review && { review: { ...review, at: timeOf(review.at) } }),
  };
}
