import type { Instant } from '../core/observation.ts';
import type { MatchedVulnerability, RamaSubject } from '../core/rama.ts';
import { factors, vulnerabilityFigures, vulnerabilityPrior } from './criteria.ts';
import type { Item, View } from './item.ts';
import { stateOf } from './statement-state.ts';

const { epssPeriods, floor, reach, mitigation } = vulnerabilityFigures;
/** The best and the worst that a figure which nobody knows can be. */
const bounds = { cvss: { best: 0, worst: 10, expected: vulnerabilityPrior.cvss } } as const;

/** Factor V: one item a CVE, and one for what nobody looked for. */
export function vulnerabilityItems(subject: RamaSubject, now: Instant, view: View): Item[] {
  const { vulnerabilities: statement } = subject;
  const state = stateOf(statement, now);
  // A list that is stale may be empty by now.
  const isUncounted = state !== 'known' && view === 'best';
  const worstById = new Map<string, number>();
  for (const each of isUncounted ? [] : (statement?.value ?? [])) {
    if (!counts(each, view)) continue;
    const badness = vulnerabilityBadness(each, view);
    // One CVE in two components is one CVE.
    worstById.set(each.id, Math.max(badness, worstById.get(each.id) ?? 0));
  }
  const items = [...worstById]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .filter(([, badness]) => badness > 0)
    .map(([id, badness]) => itemOf(id, id, badness, state));
  const missing = missingBadness(items, state, view);
  if (missing > 0) {
    items.push(itemOf('vulnerabilityFeed', 'No recent look for vulnerabilities', missing, state));
  }
  return items;
}

/** Whether it concerns the device in this view: what is not sure, only the best view leaves out. */
export function counts({ status, match }: MatchedVulnerability, view: View): boolean {
  if (status === 'not_affected' || status === 'fixed') return false;
  return view !== 'best' || (status === 'affected' && match === 'affected');
}

/** s = CVSS/10 * probability within 90 days * reach * what no control takes away. */
export function vulnerabilityBadness(each: MatchedVulnerability, view: View): number {
  const cvss = each.cvss ?? bounds.cvss[view];
  const severity = Math.min(1, Math.max(0, cvss / 10));
  return severity * probabilityOf(each, view) * reach[vectorOf(each, view)] * (1 - mitigated(each));
}

/** The best that an unknown attack vector can be is physical. */
export function vectorOf({ attackVector }: MatchedVulnerability, view: View): keyof typeof reach {
  return attackVector ?? (view === 'best' ? 'P' : 'N');
}

/** A control that nobody can show counts for nothing. */
export function mitigated({ mitigation: control }: MatchedVulnerability): number {
  return control && control.evidence.length > 0 ? mitigation[control.kind] : 0;
}

function probabilityOf(each: MatchedVulnerability, view: View): number {
  if (each.isKnownExploited) return 1;
  const epss = each.epss ?? (view === 'worst' ? 1 : 0);
  return Math.max(floor[each.exploitMaturity ?? 'U'], 1 - (1 - epss) ** epssPeriods);
}

/** What must be added so that a list that is stale or missing is as bad as the view takes it. */
function missingBadness(items: readonly Item[], state: Item['state'], view: View): number {
  if (state === 'known' || view === 'best') return 0;
  if (view === 'worst') return 1;
  const left = items.reduce((product, { badness }) => product * (1 - badness), 1);
  return Math.max(0, 1 - (1 - vulnerabilityPrior.badness) / left);
}

function itemOf(id: string, title: string, badness: number, state: Item['state']): Item {
  return { id, factor: 'V', title, badness, best: 0, state, tags: factors.V.tags };
}
