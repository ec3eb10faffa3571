import { type FactorId, factorIds, type RamaGrade } from '../core/rama.ts';
import { factors, gates, grades } from './criteria.ts';
import type { Item, Reckoning } from './item.ts';

type ByFactor = Readonly<Record<FactorId, number>>;

export interface Arithmetic {
  /** 0 to 1 for each factor. */
  readonly badness: ByFactor;
  /** -ln(1 - weight * badness) for each factor. */
  readonly lambda: ByFactor;
  /** Before the gates. */
  readonly raw: number;
  readonly score: number;
}

/** RAMA = min(caps, 100 * product over factors of (1 - weight * badness)^criticality). */
export function reckon({ items, gates: held, criticality }: Reckoning): Arithmetic {
  return arithmeticOf(badnessByFactor(items), criticality, capOf(held));
}

/** From the badness of each factor: what is left once the items are no longer of interest. */
export function arithmeticOf(badness: ByFactor, criticality: number, cap: number): Arithmetic {
  const lambda = { V: 0, A: 0, C: 0, E: 0, P: 0, D: 0, T: 0 };
  let sum = 0;
  for (const id of factorIds) {
    lambda[id] = -Math.log(1 - factors[id].weight * badness[id]);
    sum += lambda[id];
  }
  const raw = 100 * Math.exp(-criticality * sum);
  return { badness, lambda, raw, score: Math.min(raw, cap) };
}

/** Noisy-or: each item takes its share of what the others left. */
export function badnessByFactor(items: readonly Item[]): ByFactor {
  const left = { V: 1, A: 1, C: 1, E: 1, P: 1, D: 1, T: 1 };
  for (const { factor, badness } of items) left[factor] *= 1 - Math.min(1, Math.max(0, badness));
  for (const id of factorIds) left[id] = 1 - left[id];
  return left;
}

export function capOf(held: Reckoning['gates']): number {
  return held.reduce((cap, { id }) => Math.min(cap, gates[id].cap), 100);
}

export function gradeOf(score: number): RamaGrade {
  const ranks = Object.entries(grades) as [RamaGrade, number][];
  return ranks.find(([, min]) => score >= min)?.[0] ?? 'F';
}
