import { z } from 'zod';
import { authorise } from '../access/authorise.ts';
import {
  type CloseCause,
  closeCauses,
  type Episode,
  type EpisodeOrderName,
  episodeStates,
} from '../core/episode.ts';
import { type Finding, outcomes, severities } from '../core/finding.ts';
import { quarantineReasonCharsMax } from '../core/quarantine.ts';
import type { EpisodeQuery } from '../core/site-state.ts';
import { threatIds, threats } from '../core/threat.ts';
import { problem } from './problem.ts';
import { answer, callerOf, defineRoute, type Route } from './route.ts';
import { time, timeOf } from './time.ts';

export interface FindingSource {
  find(query: EpisodeQuery): Promise<readonly Episode[]>;
  one(sequence: number): Promise<(Episode & Detail) | undefined>;
  /** Raw frames around it: in clear, or masked. */
  frames(sequence: number, isClear: boolean, actor: string): Promise<readonly FrameSaid[]>;
  judge(
    sequence: number,
    order: EpisodeOrderName,
    given: { readonly reason: string; readonly cause?: CloseCause },
    actor: string,
  ): Promise<Episode>;
}

interface FrameSaid {
  readonly at: number;
  readonly channel: string;
  readonly byteCount: number;
  readonly sha256: string;
  readonly form: 'clear' | 'masked' | 'withheld';
  readonly base64: string;
}

interface Detail {
  readonly findings: readonly Finding[];
}

const pageCountMax = 500;
const aboutCharsMax = 128;

const judged = {
  severity: z.enum(severities),
  confidence: z.number().min(0).max(1),
  outcome: z.enum(outcomes),
  evidence: z.record(z.string(), z.union([z.string(), z.number()])),
};

const causes = Object.keys(closeCauses) as CloseCause[];

const EpisodeAnswer = z.object({
  sequence: z.number(),
  at: time.describe('When its first finding was.'),
  lastAt: time,
  count: z.number().describe('Findings in it: of one detector, about one thing, in ten minutes.'),
  threat: z.enum(threatIds),
  title: z.string(),
  detector: z.string(),
  about: z.string().describe('A device, or an address.'),
  ...judged,
  state: z.enum(episodeStates),
  cause: z.enum(causes).optional().describe('Why it was closed.'),
  actor: z.string().optional().describe('Who changed its state last.'),
  changedAt: time.optional(),
  reason: z.string().optional(),
});

const DetailAnswer = EpisodeAnswer.extend({
  findings: z.array(z.object({ at: time, ...judged })).describe('The last ones, newest first.'),
});

const parameters = z.strictObject({ id: z.coerce.number().int().positive() });
const reason = z.string().trim().min(1).max(quarantineReasonCharsMax).describe('For the audit.');

export function findingRoutes(source: FindingSource): readonly Route[] {
  return [
    listRoute(source),
    defineRoute({
      method: 'GET',
      path: '/api/v1/findings/:id',
      action: 'finding.read',
      summary: 'One episode with the last of its findings.',
      parameters,
      answer: DetailAnswer,
      async handle(call) {
        const found = await source.one(call.parameters.id);
        if (!found) return problem('not-found');
        const findings = found.findings.map(({ at, ...rest }) => ({ ...rest, at: timeOf(at) }));
        return answer({ ...shown(found), findings });
      },
    }),
    framesRoute(source),
    ...(['acknowledge', 'reopen'] as const).map((order) => judgeRoute(source, order)),
    defineRoute({
      method: 'POST',
      path: '/api/v1/findings/:id/close',
      action: 'finding.change',
      summary: 'Closes an episode, with its cause. What is found after that begins another one.',
      parameters,
      body: z.strictObject({ cause: z.enum(causes), reason }),
      answer: EpisodeAnswer,
      handle: async (call) =>
        answer(shown(await source.judge(call.parameters.id, 'close', call.body, callerOf(call)))),
    }),
  ];
}

function listRoute(source: FindingSource): Route {
  return defineRoute({
    method: 'GET',
    path: '/api/v1/findings',
    action: 'finding.read',
    summary: 'What looks like an attack, in episodes, newest first, a page at a time.',
    query: z.strictObject({
      before: z.coerce.number().int().positive().optional().describe('Sequences below this one.'),
      count: z.coerce.number().int().min(1).max(pageCountMax).default(100),
      since: z.iso.datetime({ offset: true }).optional().describe('Those that went on after it.'),
      threat: z.enum(threatIds).optional(),
      about: z.string().max(aboutCharsMax).optional(),
      state: z.enum(episodeStates).optional(),
    }),
    answer: z.object({ findings: z.array(EpisodeAnswer) }),
    async handle({ query: { count: countMax, since, ...query } }) {
      const sinceAt = since === undefined ? undefined : Date.parse(since);
      const findings = await source.find({ ...query, countMax, sinceAt });
      return answer({ findings: findings.map(shown) });
    },
  });
}

function framesRoute(source: FindingSource): Route {
  return defineRoute({
    method: 'GET',
    path: '/api/v1/findings/:id/frames',
    action: 'finding.frames',
    summary:
      'What the device said around a finding: in clear for who may see patients, else masked.',
    parameters,
    answer: z.object({
      frames: z.array(
        z.object({
          at: time,
          channel: z.string(),
          byteCount: z.number(),
          sha256: z.string().describe('Of the frame as it came.'),
          form: z.enum(['clear', 'masked', 'withheld']),
          base64: z.string(),
        }),
      ),
    }),
    async handle(call) {
      const isClear = authorise(call.principal, { name: 'patient.read' }).isAllowed;
      const frames = await source.frames(call.parameters.id, isClear, callerOf(call));
      return answer({ frames: frames.map(({ at, ...rest }) => ({ ...rest, at: timeOf(at) })) });
    },
  });
}

function judgeRoute(source: FindingSource, order: 'acknowledge' | 'reopen'): Route {
  return defineRoute({
    method: 'POST',
    path: `/api/v1/findings/:id/${order}`,
    action: 'finding.change',
    summary:
      order === 'reopen'
        ? 'Opens a closed episode again.'
        : 'Says that somebody looks after an episode.',
    parameters,
    body: z.strictObject({ reason }),
    answer: EpisodeAnswer,
    handle: async (call) =>
      answer(shown(await source.judge(call.parameters.id, order, call.body, callerOf(call)))),
  });
}

function shown({ at, lastAt, changedAt, threat, ...rest }: Episode): z.input<typeof EpisodeAnswer> {
  return {
    ...rest,
    at: timeOf(at),
    lastAt: timeOf(lastAt),
    threat,
    title: threats[threat].title,
    ...(changedAt !== undefined && { changedAt: timeOf(changedAt) }),
  };
}
