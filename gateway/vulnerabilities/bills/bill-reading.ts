import { z } from 'zod';
import type { Bill, Component } from '../../core/vulnerability.ts';
import { parseCpe } from '../cpe.ts';
import { parsePackageUrl } from '../package-url.ts';

/** A bill that was read, and what of it could not be. */
export type BillReading =
  | {
      readonly bill: Omit<Bill, 'model' | 'sha256' | 'importedAt'>;
      readonly problems: readonly string[];
    }
  | { readonly refused: string };

export const componentsMax = 50_000;
export const depthMax = 32;
export const Text = z.string().min(1).max(512);
export const Long = z.string().min(1).max(2_048);

/**
 * Components with a `ref` of their own each. Names that cannot be read are left out and reported:
 * then only the component’s name ties it to anything, and it is unknown rather than safe.
 */
export function checkedComponents(
  components: readonly Component[],
  problems: string[],
): readonly Component[] {
  const refs = new Set<string>();
  return components.map((component) => {
    const ref = uniqueRef(component.ref, refs);
    const { purl, cpe, name } = component;
    const isPurl = purl === undefined || parsePackageUrl(purl) !== undefined;
    const isCpe = cpe === undefined || parseCpe(cpe) !== undefined;
    if (!isPurl) problems.push(`${name.slice(0, 100)}: its package URL cannot be read`);
    if (!isCpe) problems.push(`${name.slice(0, 100)}: its CPE cannot be read`);
    const { purl: _purl, cpe: _cpe, ...rest } = component;
    return {
      ...rest,
      ref,
      ...(isPurl && purl !== undefined && { purl }),
      ...(isCpe && cpe !== undefined && { cpe }),
    };
  });
}

function uniqueRef(wanted: string, taken: Set<string>): string {
  let ref = wanted;
  for (let number = 2; taken.has(ref); number += 1) ref = `${wanted}#${number}`;
  taken.add(ref);
  return ref;
}
