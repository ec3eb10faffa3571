import { z } from 'zod';
import {
  type VexProduct,
  type VexStatement,
  vexJustifications,
  vexStatuses,
} from '../../core/vulnerability.ts';
import {
  limits,
  Moment,
  Name,
  nothing,
  problemOf,
  type Told,
  tell,
  VulnerabilityId,
} from './told.ts';

const Identifiers = z.object({
  purl: z.string().max(2_048).optional(),
  cpe22: z.string().max(1_024).optional(),
  cpe23: z.string().max(1_024).optional(),
});

const Part = z.object({ '@id': Name.optional(), identifiers: Identifiers.optional() });

const Statement = z.object({
  vulnerability: z.union([
    VulnerabilityId,
    z.object({ name: VulnerabilityId }).transform(({ name }) => name),
  ]),
  timestamp: Moment.optional(),
  products: z
    .array(Part.extend({ subcomponents: z.array(Part).max(limits.products).default([]) }))
    .min(1)
    .max(limits.products),
  status: z.enum(vexStatuses),
  justification: z.enum(vexJustifications).optional(),
  impact_statement: z.string().max(10_000).default(''),
});

const Document = z.object({
  '@id': Name,
  author: Name,
  timestamp: Moment,
  last_updated: Moment.optional(),
  statements: z.array(z.unknown()).max(limits.products),
});

/** An OpenVEX 0.2 document. */
export function readOpenVex(entry: unknown, source: string): Told {
  const { success, data, error } = Document.safeParse(entry);
  if (!success) return nothing(problemOf(source, error));
  const problems: string[] = [];
  const statements = data.statements.flatMap((each, index) => {
    const parsed = Statement.safeParse(each);
    if (!parsed.success) {
      problems.push(problemOf(`statement ${index + 1} of ${source}`, parsed.error));
      return [];
    }
    return statementsOf(parsed.data, data);
  });
  return tell({ statements, problems });
}

function statementsOf(
  {
    vulnerability,
    timestamp,
    products,
    status,
    justification,
    impact_statement: detail,
  }: z.output<typeof Statement>,
  document: z.output<typeof Document>,
): VexStatement[] {
  return products.flatMap(({ subcomponents, ...product }) => {
    const parts = subcomponents.length === 0 ? [undefined] : subcomponents.map(productOf);
    return parts.map((component) => ({
      vulnerability,
      product: productOf(product),
      component,
      status,
      justification,
      detail,
      at: timestamp ?? document.last_updated ?? document.timestamp,
      author: document.author,
      source: document['@id'],
    }));
  });
}

/** The id is mostly a package URL; a text that is neither that nor a CPE is a name. */
function productOf({ '@id': id, identifiers }: z.output<typeof Part>): VexProduct {
  const purl = identifiers?.purl ?? (id?.startsWith('pkg:') ? id : undefined);
  const cpe = identifiers?.cpe23 ?? identifiers?.cpe22 ?? (id?.startsWith('cpe:') ? id : undefined);
  const isNamed = purl === undefined && cpe === undefined;
  return {
    ...(purl !== undefined && { purl }),
    ...(cpe !== undefined && { cpe }),
    ...(isNamed && id !== undefined && { name: id }),
  };
}
