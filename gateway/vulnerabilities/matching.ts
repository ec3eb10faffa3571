import type { Affected, Bill, CpeNode, Vulnerability } from '../core/vulnerability.ts';
import { criterionOf, isPattern, plainOf } from './cpe.ts';
import { judge, type NamedBill, type NamedComponent, nameBill } from './judge.ts';
import { nameKey } from './product-name.ts';
import type { Judgement } from './version-range.ts';

/** The components of some models, by everything they may be called. */
export interface ComponentIndex {
  readonly byKey: ReadonlyMap<string, readonly Entry[]>;
}

interface Entry {
  readonly model: string;
  readonly component: NamedComponent;
  readonly bill: NamedBill;
}

export interface Hit {
  readonly model: string;
  readonly component: NamedComponent;
  readonly judgement: Judgement;
}

export function indexComponents(bills: readonly Bill[]): ComponentIndex {
  const byKey = new Map<string, Entry[]>();
  for (const { model, root, components } of bills) {
    const bill = nameBill([root, ...components]);
    for (const component of bill.components) {
      for (const key of keysOfComponent(component)) {
        const entries = byKey.get(key) ?? [];
        if (entries.length === 0) byKey.set(key, entries);
        entries.push({ model, component, bill });
      }
    }
  }
  return { byKey };
}

/** Whom a vulnerability affects, or may. Looks only at components that share a key with it. */
export function matchVulnerability(vulnerability: Vulnerability, index: ComponentIndex): Hit[] {
  const entries = new Set(
    keysOfVulnerability(vulnerability).flatMap((key) => index.byKey.get(key) ?? []),
  );
  return [...entries].flatMap(({ model, component, bill }) => {
    const judgement = judge(vulnerability, component, bill);
    return judgement.verdict === 'not-affected' ? [] : [{ model, component, judgement }];
  });
}

/** A component and a vulnerability that share no key do not touch each other. */
function keysOfComponent({ component, cpe, purl, nameKey: name }: NamedComponent): string[] {
  const keys = cpe
    ? [
        `cpe:${plainOf(cpe.vendor)}:${plainOf(cpe.product)}`,
        `cpe:*:${plainOf(cpe.product)}`,
        'cpe:*',
      ]
    : [`name:${name}`];
  if (purl) keys.push(`purl:${purl.package}`);
  return [...keys, `product:${nameKey(component.name)}`];
}

export function keysOfVulnerability({ affected }: Vulnerability): string[] {
  return [...new Set(affected.flatMap(keysOfOne))];
}

function keysOfOne(each: Affected): string[] {
  switch (each.by) {
    case 'cpe':
      return keysOfNode(each.node);
    case 'package':
      return [`purl:${each.package}`];
    case 'product':
      return [`product:${nameKey(each.product)}`];
  }
}

function keysOfNode({ nodes, criteria }: CpeNode): string[] {
  const own = criteria
    .filter(({ isVulnerable }) => isVulnerable)
    .flatMap((line) => {
      const cpe = criterionOf(line);
      // A name that cannot be read, or leaves vendor or product open, may be anybody’s.
      if (!cpe || isPattern(cpe.product)) return ['cpe:*'];
      const [vendor, product] = [plainOf(cpe.vendor), plainOf(cpe.product)];
      return [
        isPattern(cpe.vendor) ? `cpe:*:${product}` : `cpe:${vendor}:${product}`,
        `name:${nameKey(product)}`,
      ];
    });
  return [...own, ...nodes.flatMap(keysOfNode)];
}
