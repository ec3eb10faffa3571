import type {
  Affected,
  Component,
  CpeCriterion,
  CpeNode,
  Vulnerability,
} from '../core/vulnerability.ts';
import {
  type Cpe,
  criterionOf,
  isPattern,
  judgeCpe,
  judgeVersion,
  parseCpe,
  plainOf,
  targetSoftware,
} from './cpe.ts';
import { type PackageUrl, parsePackageUrl, schemeOf } from './package-url.ts';
import { isSameVendor, nameKey } from './product-name.ts';
import {
  affected,
  allOf,
  anyOf,
  type Judgement,
  judgeRange,
  notAffected,
  unknownFor,
} from './version-range.ts';

/** A component with its names read once. */
export interface NamedComponent {
  readonly component: Component;
  readonly cpe: Cpe | undefined;
  readonly purl: PackageUrl | undefined;
  readonly version: string | undefined;
  /** Its name as names are compared. */
  readonly nameKey: string;
}

/** All components of a model, by what the products of CPE names may be called. */
export interface NamedBill {
  readonly components: readonly NamedComponent[];
  readonly byProduct: ReadonlyMap<string, readonly NamedComponent[]>;
}

export function nameBill(components: readonly Component[]): NamedBill {
  const named = components.map(nameComponent);
  const byProduct = Map.groupBy(named, ({ cpe, nameKey: name }) =>
    cpe ? `cpe:${plainOf(cpe.product)}` : `name:${name}`,
  );
  return { components: named, byProduct };
}

export function nameComponent(component: Component): NamedComponent {
  const cpe = component.cpe === undefined ? undefined : parseCpe(component.cpe);
  const purl = component.purl === undefined ? undefined : parsePackageUrl(component.purl);
  const stated = cpe && !['*', '-'].includes(cpe.version) ? plainOf(cpe.version) : undefined;
  const version = component.version ?? purl?.version ?? stated;
  return { component, cpe, purl, version, nameKey: nameKey(purl?.name ?? component.name) };
}

/**
 * Whether a vulnerability affects a component of a model; `bill` are all components of that
 * model, for what is vulnerable only on a certain platform. A version that cannot be read and a
 * name that fits only half are unknown, never not affected.
 */
export function judge(
  vulnerability: Vulnerability,
  component: NamedComponent,
  bill: NamedBill,
): Judgement {
  if (vulnerability.isWithdrawn) return notAffected;
  return anyOf(vulnerability.affected.map((each) => judgeOne(each, component, bill)));
}

function judgeOne(each: Affected, component: NamedComponent, bill: NamedBill): Judgement {
  switch (each.by) {
    case 'cpe': {
      // Only as that part of it which is vulnerable; a platform alone is not.
      const judgement = judgeNode(each.node, component, bill);
      return concerns(each.node, component) ? judgement : notAffected;
    }
    case 'package':
      return judgePackage(each, component);
    case 'product':
      return judgeProduct(each, component);
  }
}

function judgeNode(
  { operator, isNegated, nodes, criteria }: CpeNode,
  component: NamedComponent,
  bill: NamedBill,
): Judgement {
  const parts = [
    ...nodes.map((node) => judgeNode(node, component, bill)),
    ...criteria.map((line) => {
      return line.isVulnerable ? judgeLine(component, line) : judgePlatform(line, bill);
    }),
  ];
  const together = operator === 'AND' ? allOf(parts) : anyOf(parts);
  if (!isNegated || together.verdict === 'unknown') return together;
  return together.verdict === 'affected' ? notAffected : affected;
}

function concerns({ nodes, criteria }: CpeNode, component: NamedComponent): boolean {
  return (
    nodes.some((node) => concerns(node, component)) ||
    criteria.some(
      (line) => line.isVulnerable && judgeLine(component, line).verdict !== 'not-affected',
    )
  );
}

/** A bill that does not mention the platform does not say that the device has another one. */
function judgePlatform(line: CpeCriterion, bill: NamedBill): Judgement {
  const found = anyOf(candidates(line, bill).map((each) => judgeLine(each, line)));
  return found.verdict === 'affected' ? affected : unknownFor('platform-unknown');
}

function candidates(line: CpeCriterion, { components, byProduct }: NamedBill) {
  const criterion = criterionOf(line);
  if (!criterion || isPattern(criterion.product)) return components;
  const product = plainOf(criterion.product);
  return [
    ...(byProduct.get(`cpe:${product}`) ?? []),
    ...(byProduct.get(`name:${nameKey(product)}`) ?? []),
  ];
}

function judgeLine({ cpe, purl, version, nameKey: name }: NamedComponent, line: CpeCriterion) {
  if (cpe) return judgeCpe(cpe, version, line);
  const criterion = criterionOf(line);
  if (!criterion || nameKey(plainOf(criterion.product)) !== name) return notAffected;
  // Without a CPE only the name ties them. npm is the exception: NVD says `node.js` of its packages.
  const target = plainOf(criterion.rest[targetSoftware] ?? '*');
  const judgement = judgeVersion(version, criterion, line);
  if (purl?.type === 'npm' && target === 'node.js') return judgement;
  return judgement.verdict === 'affected' ? unknownFor('name-only') : judgement;
}

function judgePackage(
  each: Extract<Affected, { by: 'package' }>,
  { purl, version }: NamedComponent,
): Judgement {
  if (purl?.package !== each.package) return notAffected;
  if (version === undefined) return unknownFor('version-missing');
  if (each.versions.includes(version)) return affected;
  const scheme = schemeOf(purl.type);
  return anyOf(each.ranges.map((range) => judgeRange(version, range, scheme)));
}

function judgeProduct(
  { vendor, product, range }: Extract<Affected, { by: 'product' }>,
  { component, version }: NamedComponent,
): Judgement {
  const isSame =
    nameKey(product) === nameKey(component.name) && isSameVendor(vendor, component.vendor);
  if (!isSame) return notAffected;
  return range ? judgeRange(version, range, 'dotted') : unknownFor('version-unparsed');
}
