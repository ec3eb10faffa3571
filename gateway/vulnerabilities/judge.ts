import type {
  Affected,
  Component,
  CpeCriterion,
  CpeNode,
  Vulnerability,
} from '../core/vulnerability.ts';
import { type Cpe, judgeCpe, judgeVersion, parseCpe, plainOf, targetSoftware } from './cpe.ts';
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
}

export function nameComponent(component: Component): NamedComponent {
  const cpe = component.cpe === undefined ? undefined : parseCpe(component.cpe);
  const purl = component.purl === undefined ? undefined : parsePackageUrl(component.purl);
  const stated = cpe && !['*', '-'].includes(cpe.version) ? plainOf(cpe.version) : undefined;
  return { component, cpe, purl, version: component.version ?? purl?.version ?? stated };
}

/**
 * Whether a vulnerability affects a component of a model; `others` are all components of that
 * model, for what is vulnerable only on a certain platform. A version that cannot be read and a
 * name that fits only half are unknown, never not affected.
 */
export function judge(
  vulnerability: Vulnerability,
  component: NamedComponent,
  others: readonly NamedComponent[],
): Judgement {
  if (vulnerability.isWithdrawn) return notAffected;
  return anyOf(vulnerability.affected.map((each) => judgeOne(each, component, others)));
}

function judgeOne(
  each: Affected,
  component: NamedComponent,
  others: readonly NamedComponent[],
): Judgement {
  switch (each.by) {
    case 'cpe': {
      // Only as that part of it which is vulnerable; a platform alone is not.
      const judgement = judgeNode(each.node, component, others);
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
  others: readonly NamedComponent[],
): Judgement {
  const parts = [
    ...nodes.map((node) => judgeNode(node, component, others)),
    ...criteria.map((line) => {
      return line.isVulnerable ? judgeLine(component, line) : judgePlatform(line, others);
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
function judgePlatform(line: CpeCriterion, others: readonly NamedComponent[]): Judgement {
  const found = anyOf(others.map((each) => judgeLine(each, line)));
  return found.verdict === 'affected' ? affected : unknownFor('platform-unknown');
}

function judgeLine({ component, cpe, purl, version }: NamedComponent, line: CpeCriterion) {
  if (cpe) return judgeCpe(cpe, version, line);
  const criterion = parseCpe(line.criteria);
  if (!criterion || nameKey(plainOf(criterion.product)) !== nameKey(purl?.name ?? component.name)) {
    return notAffected;
  }
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
