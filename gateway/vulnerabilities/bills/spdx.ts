import { z } from 'zod';
import type { Component } from '../../core/vulnerability.ts';
import { type BillReading, checkedComponents, componentsMax, Long, Text } from './bill-reading.ts';

const Package = z.object({
  SPDXID: Text,
  name: Text,
  versionInfo: Text.optional().or(z.literal('')),
  supplier: Text.optional(),
  externalRefs: z
    .array(z.object({ referenceType: z.string().max(64), referenceLocator: Long }))
    .max(1_000)
    .default([]),
});

const Document = z.object({
  spdxVersion: z.enum(['SPDX-2.2', 'SPDX-2.3']),
  documentNamespace: Long.optional(),
  documentDescribes: z.array(Text).max(componentsMax).default([]),
  relationships: z
    .array(
      z.object({
        spdxElementId: z.string().max(512),
        relationshipType: z.string().max(64),
        relatedSpdxElement: z.string().max(512),
      }),
    )
    .max(500_000)
    .default([]),
  packages: z.array(z.unknown()).max(componentsMax),
});

/** An SPDX 2.2 or 2.3 document, JSON. */
export function readSpdx(document: unknown, fallback: Component): BillReading {
  const { success, data, error } = Document.safeParse(document);
  if (!success) return { refused: z.prettifyError(error).slice(0, 400) };
  const problems: string[] = [];
  const packages = data.packages.flatMap((each, index) => {
    const parsed = Package.safeParse(each);
    if (parsed.success) return [componentOf(parsed.data)];
    problems.push(`package ${index + 1}: ${parsed.error.issues[0]?.message}`);
    return [];
  });
  const described = new Set([
    ...data.documentDescribes,
    ...data.relationships
      .filter(({ relationshipType: type }) => type === 'DESCRIBES')
      .map(({ relatedSpdxElement }) => relatedSpdxElement),
  ]);
  // A document may describe several; then none of them is the device by itself.
  const roots = packages.filter(({ ref }) => described.has(ref));
  const [only] = roots.length === 1 ? roots : [];
  const whole = only ? { ...fallback, ...only } : fallback;
  const others = packages.filter((each) => each !== only);
  const [root = fallback, ...components] = checkedComponents([whole, ...others], problems);
  return {
    bill: {
      format: data.spdxVersion.replace('-', ' '),
      ...(data.documentNamespace !== undefined && { serialNumber: data.documentNamespace }),
      root,
      components,
    },
    problems,
  };
}

function componentOf({
  SPDXID,
  name,
  versionInfo,
  supplier,
  externalRefs,
}: z.output<typeof Package>) {
  const locator = (...types: string[]) =>
    externalRefs.find(({ referenceType }) => types.includes(referenceType))?.referenceLocator;
  const [purl, cpe] = [locator('purl'), locator('cpe23Type') ?? locator('cpe22Type')];
  const vendor = /^(?:Organization|Person): (.+?)(?: \(.*\))?$/.exec(supplier ?? '')?.[1];
  return {
    ref: SPDXID,
    name,
    ...(versionInfo && versionInfo !== 'NOASSERTION' && { version: versionInfo }),
    ...(vendor !== undefined && { vendor }),
    ...(purl !== undefined && { purl }),
    ...(cpe !== undefined && { cpe }),
  } satisfies Component;
}
