import { z } from 'zod';
import type { CpeNode } from '../../core/vulnerability.ts';
import { parseCpe } from '../cpe.ts';
import {
  limits,
  Moment,
  Name,
  nothing,
  problemOf,
  type Told,
  tell,
  titleOf,
  VulnerabilityId,
} from './told.ts';

const Criterion = z.object({
  vulnerable: z.boolean(),
  criteria: z.string().refine((text) => parseCpe(text) !== undefined, 'no CPE 2.3'),
  versionStartIncluding: Name.optional(),
  versionStartExcluding: Name.optional(),
  versionEndIncluding: Name.optional(),
  versionEndExcluding: Name.optional(),
});

const Operator = z.enum(['AND', 'OR']);

const Node = z.object({
  operator: Operator.default('OR'),
  negate: z.boolean().default(false),
  cpeMatch: z.array(Criterion).max(limits.criteria).default([]),
});

const Configuration = z.object({
  operator: Operator.default('OR'),
  negate: z.boolean().default(false),
  nodes: z.array(Node).max(limits.criteria),
});

const Metric = z.object({ cvssData: z.object({ vectorString: z.string().max(512) }) });
const Metrics = z.array(Metric).max(limits.vectors).default([]);

/** A record of the NVD 2.0 API and data feeds. Only what is used; the schema grows by itself. */
const Cve = z.object({
  id: VulnerabilityId,
  lastModified: Moment,
  vulnStatus: z.string().max(64).optional(),
  descriptions: z
    .array(z.object({ lang: z.string().max(16), value: z.string().max(100_000) }))
    .max(64)
    .default([]),
  metrics: z
    .object({
      cvssMetricV2: Metrics,
      cvssMetricV30: Metrics,
      cvssMetricV31: Metrics,
      cvssMetricV40: Metrics,
    })
    .prefault({}),
  configurations: z.array(Configuration).max(limits.criteria).default([]),
  references: z
    .array(z.object({ tags: z.array(z.string().max(64)).max(64).default([]) }))
    .max(10_000)
    .default([]),
});

const Entry = z.union([z.object({ cve: Cve }).transform(({ cve }) => cve), Cve]);

/** One element of `vulnerabilities`, or one record by itself. */
export function readNvd(entry: unknown, source: string): Told {
  const { success, data, error } = Entry.safeParse(entry);
  if (!success) return nothing(problemOf(`${nameOf(entry)} of ${source}`, error));
  const { id, metrics, descriptions, configurations, references, lastModified, vulnStatus } = data;
  const english = descriptions.find(({ lang }) => lang === 'en')?.value ?? '';
  return tell({
    vulnerabilities: [
      {
        id,
        source: 'nvd',
        title: titleOf(english),
        modifiedAt: lastModified,
        isWithdrawn: vulnStatus?.toLowerCase() === 'rejected',
        vectors: [
          ...new Set(
            Object.values(metrics)
              .flat()
              .map(({ cvssData }) => cvssData.vectorString),
          ),
        ],
        isExploitPublic: references.some(({ tags }) => tags.includes('Exploit')),
        affected: configurations.map((configuration) => ({
          by: 'cpe',
          node: nodeOf(configuration),
        })),
      },
    ],
  });
}

function nodeOf({ operator, negate, nodes }: z.output<typeof Configuration>): CpeNode {
  return {
    operator,
    isNegated: negate,
    criteria: [],
    nodes: nodes.map((node) => ({
      operator: node.operator,
      isNegated: node.negate,
      nodes: [],
      criteria: node.cpeMatch.map((line) => ({
        isVulnerable: line.vulnerable,
        criteria: line.criteria,
        ...(line.versionStartIncluding && { startIncluding: line.versionStartIncluding }),
        ...(line.versionStartExcluding && { startExcluding: line.versionStartExcluding }),
        ...(line.versionEndIncluding && { endIncluding: line.versionEndIncluding }),
        ...(line.versionEndExcluding && { endExcluding: line.versionEndExcluding }),
      })),
    })),
  };
}

/** What an unreadable entry calls itself, for whoever looks for it. */
function nameOf(entry: unknown): string {
  const { success, data } = z
    .union([z.object({ cve: z.object({ id: z.string() }) }), z.object({ id: z.string() })])
    .safeParse(entry);
  if (!success) return 'an entry';
  return ('cve' in data ? data.cve.id : data.id).slice(0, 64);
}
