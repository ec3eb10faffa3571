import { z } from 'zod';
import { ssvcActions } from '../core/rama.ts';
import { feedKinds, vexJustifications, vexStatuses } from '../core/vulnerability.ts';
import { deviceParameters } from './devices.ts';
import { problem } from './problem.ts';
import { answer, defineRoute, type Route } from './route.ts';
import { time } from './time.ts';

export interface VulnerabilityQuery {
  /** A device, or all models that were matched. */
  readonly device?: string | undefined;
  readonly after?: string | undefined;
  readonly countMax: number;
}

export interface VulnerabilitySource {
  /** Undefined for a device that is not there, or a place that is none. */
  page(query: VulnerabilityQuery): Promise<VulnerabilityPage | undefined>;
}

const pageCountMax = 100;
const placeCharsMax = 4_096;

const Row = z.object({
  id: z.string(),
  title: z.string(),
  model: z.string().describe('A device profile, or gateway.'),
  component: z.object({
    ref: z.string(),
    name: z.string(),
    version: z.string().optional(),
    vendor: z.string().optional(),
    purl: z.string().optional(),
    cpe: z.string().optional(),
  }),
  verdict: z.enum(['affected', 'unknown']).describe('Unknown is not safe: it counts as affected.'),
  doubt: z.string().optional().describe('Why it is unknown.'),
  status: z.enum(vexStatuses),
  statement: z
    .object({
      sequence: z.number(),
      author: z.string(),
      source: z.string(),
      at: time,
      justification: z.enum(vexJustifications).optional(),
    })
    .optional()
    .describe('What the status is from, where somebody said it.'),
  cvss: z
    .object({
      version: z.string(),
      vector: z.string(),
      base: z.number(),
      environmental: z.number(),
    })
    .optional()
    .describe('0 to 10, with the clinical environment. Missing where no vector can be read.'),
  epss: z.number().optional().describe('Probability of exploitation within 30 days, 0 to 1.'),
  exploitedSince: time.optional(),
  exploitation: z.enum(['none', 'poc', 'active']),
  ssvc: z.enum(ssvcActions),
  deadline: z.object({
    days: z.number().optional(),
    isForensicsNeeded: z.boolean(),
    dueAt: time.optional(),
  }),
  assumed: z.array(z.string()).describe('What was not known and was taken for the worse.'),
  mitigation: z
    .object({
      kind: z.enum(['filter', 'isolation', 'filter-and-isolation']),
      evidence: z.array(z.string()),
    })
    .optional(),
  sources: z.array(z.string()),
  firstSeenAt: time,
});

const Page = z.object({
  feedState: z.enum(['fresh', 'stale', 'missing']),
  feeds: z.array(
    z.object({
      kind: z.enum(feedKinds),
      name: z.string(),
      publishedAt: time.optional(),
      importedAt: time,
      entries: z.number(),
      badEntries: z.number(),
    }),
  ),
  matchedAt: time.optional().describe('Of a device: missing where its model was never matched.'),
  vulnerabilities: z.array(Row),
  next: z.string().optional().describe('Give it as `after` for the next page.'),
});
export type VulnerabilityPage = z.input<typeof Page>;

const query = z.strictObject({
  after: z.string().max(placeCharsMax).optional().describe('`next` of the page before.'),
  count: z.coerce.number().int().min(1).max(pageCountMax).default(pageCountMax),
});

export function vulnerabilityRoutes(source: VulnerabilitySource): readonly Route[] {
  return [
    defineRoute({
      method: 'GET',
      path: '/api/v1/vulnerabilities',
      action: 'vulnerability.read',
      summary: 'What is vulnerable, or may be, by model, a page at a time; the gateway itself too.',
      query,
      answer: Page,
      async handle({ query: { after, count } }) {
        const page = await source.page({ after, countMax: count });
        return page ? answer(page) : problem('not-found');
      },
    }),
    defineRoute({
      method: 'GET',
      path: '/api/v1/devices/:id/vulnerabilities',
      action: 'vulnerability.read',
      summary: 'What is vulnerable in one device, as it counts there, a page at a time.',
      parameters: deviceParameters,
      query,
      answer: Page,
      async handle({ parameters: { id }, query: { after, count } }) {
        const page = await source.page({ device: id, after, countMax: count });
        return page ? answer(page) : problem('not-found');
      },
    }),
  ];
}
