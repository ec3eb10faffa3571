import { z } from 'zod';
import type { Component } from '../../core/vulnerability.ts';
import {
  type BillReading,
  checkedComponents,
  componentsMax,
  depthMax,
  Long,
  Text,
} from './bill-reading.ts';

const Part = z.object({
  'bom-ref': Long.optional(),
  name: Text,
  group: Text.optional().or(z.literal('')),
  version: Text.optional().or(z.literal('')),
  publisher: Text.optional(),
  supplier: z.object({ name: Text.optional() }).optional(),
  manufacturer: z.object({ name: Text.optional() }).optional(),
  purl: Long.optional(),
  cpe: Long.optional(),
});

const Nested = z.object({ components: z.array(z.unknown()).max(componentsMax).default([]) });

const Document = Nested.extend({
  bomFormat: z.literal('CycloneDX'),
  specVersion: z.enum(['1.2', '1.3', '1.4', '1.5', '1.6', '1.7']),
  serialNumber: Text.optional(),
  metadata: z.object({ component: z.unknown() }).optional(),
});

/** A CycloneDX bill of materials, JSON. Parts of parts count as well. */
export function readCycloneDx(document: unknown, fallback: Component): BillReading {
  const { success, data, error } = Document.safeParse(document);
  if (!success) return { refused: z.prettifyError(error).slice(0, 400) };
  const problems: string[] = [];
  const components: Component[] = [];
  const walk = (parts: readonly unknown[], depth: number) => {
    for (const part of parts) {
      const parsed = Part.safeParse(part);
      if (parsed.success) components.push(componentOf(parsed.data));
      else
        problems.push(`component ${components.length + problems.length + 1}: ${why(parsed.error)}`);
      const { components: inner = [] } = Nested.safeParse(part).data ?? {};
      if (inner.length > 0 && depth < depthMax) walk(inner, depth + 1);
      else if (inner.length > 0) problems.push(`components below level ${depthMax} were not read`);
    }
  };
  walk(data.components, 0);
  if (components.length > componentsMax)
    return { refused: `more than ${componentsMax} components` };
  const root = Part.safeParse(data.metadata?.component);
  if (data.metadata?.component !== undefined && !root.success) {
    problems.push(`metadata.component: ${why(root.error)}`);
  }
  const whole = root.success ? { ...fallback, ...componentOf(root.data) } : fallback;
  const [first = fallback, ...rest] = checkedComponents([whole, ...components], problems);
  return {
    bill: {
      format: `CycloneDX ${data.specVersion}`,
      ...(data.serialNumber !== undefined && { serialNumber: data.serialNumber }),
      root: first,
      components: rest,
    },
    problems,
  };
}

function componentOf(part: z.output<typeof Part>): Component {
  const { name, version, purl, cpe } = part;
  const vendor =
    part.manufacturer?.name ?? part.supplier?.name ?? part.publisher ?? (part.group || undefined);
  return {
    ref: part['bom-ref'] ?? purl ?? `${name}@${version ?? ''}`,
    name,
    ...(version && { version }),
    ...(vendor !== undefined && { vendor }),
    ...(purl !== undefined && { purl }),
    ...(cpe !== undefined && { cpe }),
  };
}

function why({ issues }: z.ZodError): string {
  return `${issues[0]?.path.join('.')}: ${issues[0]?.message}`.slice(0, 200);
}
