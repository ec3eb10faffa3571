import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Bill, Component, Vulnerability } from '../../gateway/core/vulnerability.ts';

const folder = join(import.meta.dirname, '..', 'fixtures', 'vulnerabilities');

export function vulnerabilityFixture(name: string): unknown {
  return JSON.parse(readFileSync(join(folder, name), 'utf8'));
}

export const fixturePath = (name: string) => join(folder, name);

export function billOf(
  components: readonly Partial<Component>[],
  root: Partial<Component> = {},
): Bill {
  return {
    model: 'pump',
    format: 'CycloneDX 1.6',
    sha256: '00',
    importedAt: 0,
    root: { ref: 'root', name: 'Pump', vendor: 'Maker', ...root },
    components: components.map((each, index) => ({ ref: `c${index}`, name: 'part', ...each })),
  };
}

/** A record whose configuration is one line about one name. */
export function cpeRecord(criteria: string, bounds: object = {}): Vulnerability {
  const line = { isVulnerable: true, criteria, ...bounds };
  return record([
    { by: 'cpe', node: { operator: 'OR', isNegated: false, nodes: [], criteria: [line] } },
  ]);
}

export function record(affected: Vulnerability['affected']): Vulnerability {
  return {
    id: 'CVE-2026-0001',
    source: 'nvd',
    title: 'A test',
    modifiedAt: 0,
    isWithdrawn: false,
    vectors: [],
    isExploitPublic: false,
    affected,
  };
}
