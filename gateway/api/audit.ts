import { z } from 'zod';
import type { AuditRecord } from '../core/audit-entry.ts';
import { answer, defineRoute, type Route } from './route.ts';
import { time, timeOf } from './time.ts';

export interface AuditSource {
  /** The entries after a number, in order, at most so many. */
  page(after: number, countMax: number): Promise<readonly AuditRecord[]>;
}

const pageCountMax = 500;

const AuditAnswer = z.object({
  sequence: z.number(),
  at: time,
  actor: z.string(),
  action: z.string(),
  object: z.string(),
  outcome: z.enum(['success', 'failure']),
  detail: z.string(),
  hash: z.string().describe('SHA-256 over this entry and the hash before it, hexadecimal.'),
});

export function auditRoutes(source: AuditSource): readonly Route[] {
  return [
    defineRoute({
      method: 'GET',
      path: '/api/v1/audit',
      action: 'audit.read',
      summary: 'The audit trail in its order, a page at a time.',
      query: z.strictObject({
        after: z.coerce.number().int().min(0).default(0).describe('Sequences above this one.'),
        count: z.coerce.number().int().min(1).max(pageCountMax).default(100),
      }),
      answer: z.object({ entries: z.array(AuditAnswer) }),
      async handle({ query: { after, count } }) {
        const entries = await source.page(after, count);
        return answer({ entries: entries.map((entry) => ({ ...entry, at: timeOf(entry.at) })) });
      },
    }),
  ];
}
