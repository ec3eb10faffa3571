import type { VexProduct, VexStatement } from '../core/vulnerability.ts';

/** Statements as one OpenVEX 0.2 document, for another site or another tool. */
export function openVexDocument(
  statements: readonly VexStatement[],
  { id, author, at }: { readonly id: string; readonly author: string; readonly at: number },
): object {
  return {
    '@context': 'https://openvex.dev/ns/v0.2.0',
    '@id': id,
    author,
    timestamp: new Date(at).toISOString(),
    version: 1,
    statements: statements.map((statement) => ({
      vulnerability: { name: statement.vulnerability },
      timestamp: new Date(statement.at).toISOString(),
      products: [
        {
          ...named(statement.product),
          ...(statement.component && { subcomponents: [named(statement.component)] }),
        },
      ],
      status: statement.status,
      ...(statement.justification !== undefined && { justification: statement.justification }),
      ...(statement.detail !== '' && { impact_statement: statement.detail }),
      // OpenVEX asks for it of whatever is affected.
      ...(statement.status === 'affected' && {
        action_statement: statement.detail || 'none stated',
      }),
      ...(statement.model !== undefined && {
        status_notes: `said of device profile ${statement.model} by ${statement.author}`,
      }),
    })),
  };
}

function named({ purl, cpe, name, version, bomLink }: VexProduct) {
  const id = purl ?? cpe ?? bomLink ?? [name, version].filter(Boolean).join('@');
  return {
    '@id': id,
    ...((purl !== undefined || cpe !== undefined) && {
      identifiers: {
        ...(purl !== undefined && { purl }),
        ...(cpe !== undefined && { [cpe.startsWith('cpe:2.3:') ? 'cpe23' : 'cpe22']: cpe }),
      },
    }),
  };
}
