import { z } from 'zod';
import type { VexStatus } from '../../core/rama.ts';
import type { VexJustification, VexProduct, VexStatement } from '../../core/vulnerability.ts';
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
import { rangeOfText } from './version-text.ts';

const Part = z.object({
  'bom-ref': Name.optional(),
  name: Name,
  version: Name.optional(),
  purl: z.string().max(2_048).optional(),
  cpe: z.string().max(1_024).optional(),
  publisher: Name.optional(),
});

/** What CycloneDX calls the states of an analysis, in OpenVEX’s words. */
const statusOf = {
  resolved: 'fixed',
  resolved_with_pedigree: 'fixed',
  exploitable: 'affected',
  in_triage: 'under_investigation',
  false_positive: 'not_affected',
  not_affected: 'not_affected',
} as const satisfies Record<string, VexStatus>;

const justificationOf: Readonly<Record<string, VexJustification>> = {
  code_not_present: 'vulnerable_code_not_present',
  code_not_reachable: 'vulnerable_code_not_in_execute_path',
  requires_configuration: 'vulnerable_code_cannot_be_controlled_by_adversary',
  requires_dependency: 'component_not_present',
  requires_environment: 'vulnerable_code_cannot_be_controlled_by_adversary',
  protected_by_compiler: 'inline_mitigations_already_exist',
  protected_at_runtime: 'inline_mitigations_already_exist',
  protected_at_perimeter: 'inline_mitigations_already_exist',
  protected_by_mitigating_control: 'inline_mitigations_already_exist',
};

const Affects = z.object({
  ref: z.string().min(1).max(2_048),
  versions: z
    .array(
      z.object({
        version: Name.optional(),
        range: Name.optional(),
        status: z.enum(['affected', 'unaffected', 'unknown']).default('affected'),
      }),
    )
    .max(limits.products)
    .default([]),
});

const Entry = z.object({
  id: VulnerabilityId,
  updated: Moment.optional(),
  analysis: z.object({
    state: z.enum(Object.keys(statusOf) as [keyof typeof statusOf]),
    justification: z.string().max(64).optional(),
    detail: z.string().max(10_000).default(''),
    lastUpdated: Moment.optional(),
  }),
  affects: z.array(Affects).min(1).max(limits.products),
});

const Document = z.object({
  bomFormat: z.literal('CycloneDX'),
  serialNumber: Name.optional(),
  metadata: z
    .object({
      timestamp: Moment.optional(),
      component: Part.optional(),
      supplier: z.object({ name: Name }).optional(),
    })
    .prefault({}),
  components: z.array(Part).max(limits.products).default([]),
  vulnerabilities: z.array(z.unknown()).max(limits.products),
});

type Document = z.output<typeof Document>;

/** A CycloneDX document with `vulnerabilities[].analysis`. */
export function readCycloneDxVex(entry: unknown, source: string): Told {
  const { success, data, error } = Document.safeParse(entry);
  if (!success) return nothing(problemOf(source, error));
  const problems: string[] = [];
  const statements = data.vulnerabilities.flatMap((each, index) => {
    const parsed = Entry.safeParse(each);
    if (parsed.success) return statementsOf(parsed.data, data, source);
    problems.push(problemOf(`vulnerability ${index + 1} of ${source}`, parsed.error));
    return [];
  });
  return tell({ statements, problems });
}

function statementsOf(
  { id, updated, analysis, affects }: z.output<typeof Entry>,
  document: Document,
  source: string,
): VexStatement[] {
  const { metadata } = document;
  const common = {
    vulnerability: id,
    justification: justificationOf[analysis.justification ?? ''],
    detail: analysis.detail,
    // What states no time holds only until anybody says anything else.
    at: analysis.lastUpdated ?? updated ?? metadata.timestamp ?? 0,
    author: metadata.supplier?.name ?? metadata.component?.publisher ?? source,
    source: document.serialNumber ?? source,
  };
  const status = statusOf[analysis.state];
  return affects.flatMap(({ ref, versions }): VexStatement[] => {
    const product = productOf(ref, document);
    if (versions.length === 0) return [{ ...common, product, status }];
    return versions.map(({ version, range, status: of }) => ({
      ...common,
      status: statusOfVersion(of, status),
      product: {
        ...product,
        ...(version !== undefined && { version, purl: undefined, cpe: undefined }),
        ...(range !== undefined && { version: undefined, range: rangeOfText(range) ?? nowhere }),
      },
    }));
  });
}

/** A range that cannot be read holds for no version: the statement must not reach further than it says. */
const nowhere = { startExcluding: '0', endExcluding: '0' };

function statusOfVersion(of: 'affected' | 'unaffected' | 'unknown', status: VexStatus): VexStatus {
  if (of === 'unaffected') return status === 'fixed' ? 'fixed' : 'not_affected';
  if (of === 'unknown') return 'under_investigation';
  return status === 'not_affected' || status === 'fixed' ? status : 'affected';
}

/** A bom-ref of this document, or a BOM-Link to the bill of another. */
function productOf(ref: string, { metadata, components, serialNumber }: Document): VexProduct {
  const link = /^urn:cdx:([0-9a-f-]{36})\/\d+#(.+)$/.exec(ref);
  if (link) return { bomLink: `${link[1]}#${decodeURIComponentOrRaw(link[2] ?? '')}` };
  const part = [metadata.component, ...components].find((each) => each?.['bom-ref'] === ref);
  if (!part) return { bomLink: `${serialNumber?.replace(/^urn:uuid:/, '') ?? ''}#${ref}` };
  const { name, version, purl, cpe, publisher } = part;
  return {
    name,
    ...(version !== undefined && { version }),
    ...(purl !== undefined && { purl }),
    ...(cpe !== undefined && { cpe }),
    ...(publisher !== undefined && { vendor: publisher }),
  };
}

function decodeURIComponentOrRaw(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    // A percent sign that encodes nothing.
    return text;
  }
}
