import { z } from 'zod';
import type { VexStatus } from '../../core/rama.ts';
import type {
  Affected,
  VexJustification,
  VexProduct,
  VexStatement,
  Vulnerability,
} from '../../core/vulnerability.ts';
import { vexJustifications } from '../../core/vulnerability.ts';
import { parseCpe } from '../cpe.ts';
import { parsePackageUrl } from '../package-url.ts';
import { type AdvisedProduct, ProductTree, productsOf } from './csaf-products.ts';
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

const Ids = z.array(Name).max(limits.products).default([]);

const Scored = z.object({
  cvss_v2: z.object({ vectorString: z.string().max(512) }).optional(),
  cvss_v3: z.object({ vectorString: z.string().max(512) }).optional(),
  cvss_v4: z.object({ vectorString: z.string().max(512) }).optional(),
});

const Item = z.object({
  cve: VulnerabilityId.optional(),
  ids: z
    .array(z.object({ text: VulnerabilityId }))
    .max(64)
    .default([]),
  title: z.string().max(10_000).default(''),
  notes: z
    .array(z.object({ category: z.string().max(64), text: z.string().max(100_000) }))
    .max(1_000)
    .default([]),
  scores: z.array(Scored).max(1_000).default([]),
  flags: z
    .array(z.object({ label: z.string().max(64), product_ids: Ids }))
    .max(1_000)
    .default([]),
  threats: z
    .array(z.object({ category: z.string().max(64), details: z.string().max(10_000) }))
    .max(1_000)
    .default([]),
  product_status: z
    .object({
      known_affected: Ids,
      last_affected: Ids,
      first_affected: Ids,
      known_not_affected: Ids,
      fixed: Ids,
      first_fixed: Ids,
      under_investigation: Ids,
    })
    .prefault({}),
});
type Item = z.output<typeof Item>;

const Document = z.object({
  document: z.object({
    csaf_version: z.string().max(8),
    title: z.string().max(10_000),
    publisher: z.object({ name: Name }),
    tracking: z.object({ id: Name, current_release_date: Moment }),
  }),
  product_tree: ProductTree.prefault({}),
  vulnerabilities: z.array(z.unknown()).max(limits.products).default([]),
});
type Head = z.output<typeof Document>['document'];

/** A CSAF 2.0 document, advisory or VEX: what is affected, and what is said not to be. */
export function readCsaf(entry: unknown, source: string): Told {
  const { success, data, error } = Document.safeParse(entry);
  if (!success) return nothing(problemOf(source, error));
  const products = productsOf(data.product_tree);
  const problems: string[] = [];
  const vulnerabilities: Vulnerability[] = [];
  const statements: VexStatement[] = [];
  data.vulnerabilities.forEach((each, index) => {
    const what = `vulnerability ${index + 1} of ${data.document.tracking.id}`;
    const parsed = Item.safeParse(each);
    const id = parsed.data?.cve ?? parsed.data?.ids[0]?.text;
    if (!parsed.success) problems.push(problemOf(what, parsed.error));
    else if (id === undefined) problems.push(`${what} has neither a CVE number nor another`);
    else {
      const missing = idsOf(parsed.data).filter((product) => !products.has(product));
      if (missing.length > 0)
        problems.push(`${what}: ${missing.length} products that are not in it`);
      vulnerabilities.push(vulnerabilityOf(id, parsed.data, data.document, products));
      statements.push(...statementsOf(id, parsed.data, data.document, products));
    }
  });
  return tell({ vulnerabilities, statements, problems });
}

function idsOf({ product_status: status }: Item): string[] {
  return [...new Set(Object.values(status).flat())];
}

function vulnerabilityOf(
  id: string,
  { title, notes, scores, threats, product_status: status }: Item,
  { tracking, title: headline }: Head,
  products: ReadonlyMap<string, AdvisedProduct>,
): Vulnerability {
  const { known_affected, last_affected, first_affected, under_investigation } = status;
  const summary = notes.find(({ category }) => category === 'summary')?.text;
  return {
    id,
    source: `csaf:${tracking.id}`,
    title: titleOf(title || summary || headline),
    modifiedAt: tracking.current_release_date,
    isWithdrawn: false,
    vectors: scores
      .flatMap(({ cvss_v2, cvss_v3, cvss_v4 }) => [cvss_v4, cvss_v3, cvss_v2])
      .flatMap((score) => score?.vectorString ?? [])
      .slice(0, limits.vectors),
    isExploitPublic: threats.some(
      ({ category, details }) =>
        category === 'exploit_status' &&
        /proof.of.concept|exploit(ed)? (code )?(is )?(public|available)/i.test(details),
    ),
    affected: [
      ...new Set([...known_affected, ...last_affected, ...first_affected, ...under_investigation]),
    ]
      .flatMap((product) => products.get(product) ?? [])
      .flatMap(affectedOf),
  };
}

/** By every name it has. A version of its own is a range of one. */
function affectedOf(product: AdvisedProduct): Affected[] {
  const { cpe, purl, name, vendor, version, isRangeUnread } = product;
  const exact =
    version === undefined ? undefined : { startIncluding: version, endIncluding: version };
  const range = isRangeUnread ? undefined : (product.range ?? exact ?? {});
  const url = purl === undefined ? undefined : parsePackageUrl(purl);
  const ways: Affected[] = [];
  if (cpe !== undefined && parseCpe(cpe) && !isRangeUnread) {
    const line = { isVulnerable: true, criteria: cpe, ...product.range };
    ways.push({
      by: 'cpe',
      node: { operator: 'OR', isNegated: false, nodes: [], criteria: [line] },
    });
  }
  if (url) {
    const own = url.version ?? version;
    ways.push({
      by: 'package',
      package: url.package,
      versions: own === undefined ? [] : [own],
      ranges: own === undefined && range ? [range] : [],
    });
  }
  if (name !== undefined) ways.push({ by: 'product', vendor: vendor ?? '', product: name, range });
  return ways;
}

const statusOf = {
  known_affected: 'affected',
  last_affected: 'affected',
  first_affected: 'affected',
  known_not_affected: 'not_affected',
  fixed: 'fixed',
  first_fixed: 'fixed',
  under_investigation: 'under_investigation',
} as const satisfies Record<keyof Item['product_status'], VexStatus>;

function statementsOf(
  vulnerability: string,
  { flags, product_status: status }: Item,
  { tracking, publisher }: Head,
  products: ReadonlyMap<string, AdvisedProduct>,
): VexStatement[] {
  return Object.entries(statusOf).flatMap(([key, says]) =>
    status[key as keyof typeof statusOf].flatMap((id): VexStatement[] => {
      const product = products.get(id);
      // A statement about a range that could not be read would reach further than it says.
      if (!product || product.isRangeUnread) return [];
      const flag = flags.find(({ product_ids: of }) => of.includes(id))?.label;
      return [
        {
          vulnerability,
          product: namesOf(product.whole ?? product),
          component: product.whole && namesOf(product),
          status: says,
          justification: vexJustifications.find((each) => each === flag) satisfies
            | VexJustification
            | undefined,
          detail: '',
          at: tracking.current_release_date,
          author: publisher.name,
          source: `csaf:${tracking.id}`,
        },
      ];
    }),
  );
}

function namesOf({ isRangeUnread, whole, ...names }: AdvisedProduct): VexProduct {
  return names;
}
