import { z } from 'zod';
import { outcomes, severities } from '../core/finding.ts';
import type { FindingQuery, NumberedFinding } from '../core/site-state.ts';
import { threatIds, threats } from '../core/threat.ts';
import { answer, defineRoute, type Route } from './route.ts';
import { time, timeOf } from './time.ts';

export interface FindingSource {
  find(query: FindingQuery): Promise<readonly NumberedFinding[]>;
}

const pageCountMax = 500;
const aboutCharsMax = 128;

const FindingAnswer = z.object({
  sequence: z.number(),
  at: time,
  threat: z.enum(threatIds),
  title: z.string(),
  detector: z.string(),
  about: z.string().describe('A device, or an address.'),
  severity: z.enum(severities),
  confidence: z.number().min(0).max(1),
  outcome: z.enum(outcomes),
  evidence: z.record(z.string(), z.union([z.string(), z.number()])),
});

export function findingRoutes(source: FindingSource): readonly Route[] {
  return [
    defineRoute({
      method: 'GET',
      path: '/api/v1/findings',
      action: 'finding.read',
      summary: 'What looks like an attack, newest first, a page at a time.',
      query: z.strictObject({
        before: z.coerce.number().int().positive().optional().describe('Sequences below this one.'),
        count: z.coerce.number().int().min(1).max(pageCountMax).default(100),
        since: z.iso.datetime({ offset: true }).optional(),
        threat: z.enum(threatIds).optional(),
        about: z.string().max(aboutCharsMax).optional(),
      }),
      answer: z.object({ findings: z.array(FindingAnswer) }),
      async handle({ query: { before, count, since, threat, about } }) {
        const sinceAt = since === undefined ? undefined : Date.parse(since);
        const findings = await source.find({ before, countMax: count, sinceAt, threat, about });
        return answer({ findings: findings.map(shown) });
      },
    }),
  ];
}

function shown({ at, threat, ...rest }: NumberedFinding): z.input<typeof FindingAnswer> {
  return { ...rest, at: timeOf(at), threat, title: threats[threat].title };
}
