import type { Bill, Component, VexProduct, VexStatement } from '../core/vulnerability.ts';
import { parseCpe, plainOf } from './cpe.ts';
import { nameComponent } from './judge.ts';
import { parsePackageUrl } from './package-url.ts';
import { isSameVendor, nameKey } from './product-name.ts';
import { compareVersions } from './version-order.ts';
import { judgeRange } from './version-range.ts';

type Whole = Pick<Bill, 'model' | 'root' | 'serialNumber'>;

/**
 * The statement that holds for a vulnerability in a component of a model: of all that are said of it
 * the latest; of two of one moment the worse. Undefined where nobody said anything.
 */
export function standing(
  statements: readonly VexStatement[],
  bill: Whole,
  component: Component,
): VexStatement | undefined {
  return statements
    .filter((statement) => isAbout(statement, bill, component))
    .sort((a, b) => b.at - a.at || gravity[b.status] - gravity[a.status])[0];
}

const gravity = { affected: 3, under_investigation: 2, fixed: 1, not_affected: 0 };

/** Nothing is taken as meant that a statement does not name: a version that is not known is not it. */
function isAbout(statement: VexStatement, bill: Whole, component: Component): boolean {
  const { model, product, component: part, status } = statement;
  // “Fixed” of every version there is would be fixed in the very version that is not.
  if (status === 'fixed' && !statesVersion(part ?? product)) return false;
  if (model !== undefined) return model === bill.model && isNamed(product, component, bill);
  if (part) return isNamed(product, bill.root, bill) && isNamed(part, component, bill);
  return isNamed(product, component, bill) || isNamed(product, bill.root, bill);
}

/** Whether a name is that of a component. Every name it states must fit, and one is needed. */
function isNamed(named: VexProduct, component: Component, bill: Whole): boolean {
  const { cpe, purl, version } = nameComponent(component);
  const fits: boolean[] = [];
  if (named.purl !== undefined) {
    const wanted = parsePackageUrl(named.purl);
    const isSame = wanted !== undefined && wanted.package === purl?.package;
    fits.push(isSame && isVersion(wanted.version, version));
  }
  if (named.cpe !== undefined) {
    const wanted = parseCpe(named.cpe);
    const isSame =
      wanted !== undefined &&
      cpe !== undefined &&
      (['part', 'vendor', 'product'] as const).every((field) => wanted[field] === cpe[field]);
    const wantedVersion = wanted?.version === '*' ? undefined : plainOf(wanted?.version ?? '');
    fits.push(isSame && isVersion(wantedVersion, version));
  }
  if (named.bomLink !== undefined) fits.push(named.bomLink === bomLinkOf(bill, component));
  // What names it better is enough: makers write the same product in many ways.
  if (fits.length > 0) return fits.some(Boolean) && isInRange(named, version);
  if (named.name === undefined) return false;
  const isSame =
    nameKey(named.name) === nameKey(component.name) &&
    (named.vendor === undefined || isSameVendor(named.vendor, component.vendor));
  return isSame && isVersion(named.version, version) && isInRange(named, version);
}

/** Whether a name is that of certain versions only. */
export function statesVersion({ purl, cpe, version, range, bomLink }: VexProduct): boolean {
  const stated = [
    purl === undefined ? undefined : parsePackageUrl(purl)?.version,
    cpe === undefined ? undefined : parseCpe(cpe)?.version.replace(/^[*-]$/, ''),
    version,
    bomLink,
  ];
  const isBounded = range !== undefined && Object.values(range).some((each) => each !== undefined);
  return isBounded || stated.some((each) => each !== undefined && each !== '');
}

function isVersion(wanted: string | undefined, version: string | undefined): boolean {
  if (wanted === undefined) return true;
  if (version === undefined) return false;
  return wanted === version || compareVersions(wanted, version, 'dotted') === 0;
}

function isInRange({ range }: VexProduct, version: string | undefined): boolean {
  return range === undefined || judgeRange(version, range, 'dotted').verdict === 'affected';
}

/** CycloneDX BOM-Link: `urn:cdx:<serial>/<version>#<bom-ref>`; the version of the bill does not matter. */
function bomLinkOf({ serialNumber }: Whole, { ref }: Component): string | undefined {
  const serial = serialNumber?.replace(/^urn:uuid:/, '');
  return serial === undefined ? undefined : `${serial}#${ref}`;
}
