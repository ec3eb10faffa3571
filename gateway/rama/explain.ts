import {
  factorIds,
  type RamaFactor,
  type RamaGate,
  type RamaItem,
  type RamaScore,
  type RamaWhatIf,
  type TagList,
  tagLists,
} from '../core/rama.ts';
import { gates } from './criteria.ts';
import { compromiseItem } from './gates.ts';
import type { HeldGate, Item, Reckoning } from './item.ts';
import { type Arithmetic, arithmeticOf, badnessByFactor, capOf, reckon } from './score.ts';

const whatIfsMax = 5;
/** An item of badness 1 would take a share without end; beyond this all are alike. */
const badnessMax = 1 - 1e-9;

type Explanation = Pick<RamaScore, 'factors' | 'gates' | 'items' | 'byTag' | 'whatIfs'>;

/** Where the points went: the sums over factors, items and classes, with the gates, are all of them. */
export function explain(reckoning: Reckoning, arithmetic: Arithmetic): Explanation {
  const factors = factorsOf(reckoning, arithmetic);
  const items = itemsOf(reckoning.items, factors);
  const held = gatesOf(reckoning.gates, arithmetic);
  return {
    factors,
    items,
    gates: held,
    byTag: byTagOf(items, held),
    whatIfs: whatIfsOf(reckoning, arithmetic).slice(0, whatIfsMax),
  };
}

/** Points lost to k = (100 - raw) * lambda_k / H: the same share whatever the criticality is. */
function factorsOf({ criticality }: Reckoning, { badness, lambda, raw }: Arithmetic) {
  const sum = factorIds.reduce((total, id) => total + lambda[id], 0);
  const entries = factorIds.map((id): [string, RamaFactor] => [
    id,
    {
      badness: badness[id],
      lambda: lambda[id],
      points: sum > 0 ? ((100 - raw) * lambda[id]) / sum : 0,
      gain: raw * Math.expm1(criticality * lambda[id]),
    },
  ]);
  return Object.fromEntries(entries) as RamaScore['factors'];
}

/** Within a factor by -ln(1 - badness), which adds up as the factors do. */
function itemsOf(items: readonly Item[], factors: RamaScore['factors']): RamaItem[] {
  const weightOf = ({ badness }: Item) => -Math.log1p(-Math.min(badness, badnessMax));
  const sums = { V: 0, A: 0, C: 0, E: 0, P: 0, D: 0, T: 0 };
  for (const item of items) sums[item.factor] += weightOf(item);
  return items
    .map(({ best: _, ...item }) => ({
      ...item,
      points: (factors[item.factor].points * weightOf({ ...item, best: 0 })) / sums[item.factor],
    }))
    .sort(byMost(({ points }) => points));
}

/** Only the lowest cap takes points; of equal ones the first. */
function gatesOf(held: readonly HeldGate[], { raw, score }: Arithmetic): RamaGate[] {
  const lowest = held.find(({ id }) => gates[id].cap === capOf(held));
  return held.map(({ id }) => ({
    id,
    title: gates[id].title,
    cap: gates[id].cap,
    points: id === lowest?.id ? raw - score : 0,
  }));
}

function byTagOf(items: readonly RamaItem[], held: readonly RamaGate[]): RamaScore['byTag'] {
  const sums: Record<TagList, Record<string, number>> = {
    enisa: {},
    owasp2021: {},
    owasp2025: {},
    iot: {},
  };
  const add = (tags: Readonly<Record<TagList, string>>, points: number) => {
    for (const list of tagLists) {
      sums[list][tags[list]] = (sums[list][tags[list]] ?? 0) + points;
    }
  };
  for (const { tags, points } of items) add(tags, points);
  for (const { id, points } of held) if (points > 0) add(gates[id].tags, points);
  return sums;
}

/** Each thing put right by itself, reckoned anew; a gate opens when its last cause is gone. */
function whatIfsOf(reckoning: Reckoning, { badness, score }: Arithmetic): RamaWhatIf[] {
  const { items, gates: held, criticality } = reckoning;
  const gainOf = (id: string) => {
    const caps = capOf(held.filter(({ causes }) => causes.some((cause) => cause !== id)));
    const item = items.find((each) => each.id === id);
    if (!item) return arithmeticOf(badness, criticality, caps).score - score;
    const others = items.filter(({ factor }) => factor === item.factor);
    const fixed = others.map((each) => (each === item ? { ...each, badness: each.best } : each));
    const after = { ...badness, [item.factor]: badnessByFactor(fixed)[item.factor] };
    return arithmeticOf(after, criticality, caps).score - score;
  };
  const compromise = held.some(({ id }) => id === 'G1')
    ? [{ id: compromiseItem, title: gates.G1.title }]
    : [];
  return [...compromise, ...items]
    .map(({ id, title }) => ({ id, title, gain: gainOf(id) }))
    .filter(({ gain }) => gain > 0)
    .sort(byMost(({ gain }) => gain));
}

function byMost<Each extends { readonly id: string }>(figure: (each: Each) => number) {
  return (a: Each, b: Each) => figure(b) - figure(a) || (a.id < b.id ? -1 : 1);
}

/** Score and explanation of figures that stand by themselves, such as a file of cases. */
export function explainReckoning(reckoning: Reckoning): Arithmetic & Explanation {
  const arithmetic = reckon(reckoning);
  return { ...arithmetic, ...explain(reckoning, arithmetic) };
}
