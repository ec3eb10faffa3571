import { type FactorId, factorIds, type GateId } from '../core/rama.ts';
import { factors, gates } from './criteria.ts';
import type { Reckoning } from './item.ts';
import { arithmeticOf } from './score.ts';

/** Steps of a factor's badness in a vector: three decimals. */
const steps = 1000;
/** A score is shown with one decimal; this much is half of it. */
const pointsOffMax = 0.05;
const pattern = new RegExp(
  `^RAMAGW:1/${factorIds.map((id) => `${id}:([01]\\.\\d{3})`).join('/')}/c:([01]\\.\\d{2})(?:/G:([1-4](?:,[1-4])*))?$`,
);

/**
 * One line from which anybody computes the score again, to a tenth of a point. All factors rounded
 * the same way would be off by twice that; then some are rounded the other way.
 */
export function vectorText(
  badness: Readonly<Record<FactorId, number>>,
  { criticality, gates: held }: Pick<Reckoning, 'criticality' | 'gates'>,
): string {
  const figures = roundedTogether(badness, criticality)
    .map(([id, step]) => `${id}:${(step / steps).toFixed(3)}`)
    .join('/');
  const gate = held.length > 0 ? `/G:${held.map(({ id }) => id.slice(1)).join(',')}` : '';
  return `RAMAGW:1/${figures}/c:${criticality.toFixed(2)}${gate}`;
}

/** Each factor in steps. While the score is off, the one rounded furthest goes the other way. */
function roundedTogether(
  badness: Readonly<Record<FactorId, number>>,
  criticality: number,
): (readonly [FactorId, number])[] {
  const wanted = arithmeticOf(badness, criticality, 100).raw;
  let digits = factorIds.map((id) => [id, Math.round(badness[id] * steps)] as const);
  for (const _ of factorIds) {
    const rounded = Object.fromEntries(digits.map(([id, step]) => [id, step / steps]));
    const got = arithmeticOf(rounded as Record<FactorId, number>, criticality, 100).raw;
    if (Math.abs(got - wanted) <= pointsOffMax) break;
    const direction = got < wanted ? 1 : -1;
    const excess = ([id, step]: readonly [FactorId, number]) =>
      factors[id].weight * direction * (step - badness[id] * steps);
    const furthest = digits.reduce((most, each) => (excess(each) > excess(most) ? each : most));
    digits = digits.map((each) => (each === furthest ? [each[0], each[1] - direction] : each));
  }
  return digits;
}

/** The score a vector stands for; undefined where it is none. */
export function scoreOfVector(vector: string): number | undefined {
  const found = pattern.exec(vector);
  if (!found) return;
  const values = found.slice(1, 1 + factorIds.length).map(Number);
  const badness = Object.fromEntries(factorIds.map((id, index) => [id, values[index]]));
  if (values.some((value) => value > 1)) return;
  const criticality = Number(found[1 + factorIds.length]);
  const held = found[2 + factorIds.length]?.split(',') ?? [];
  const cap = held.reduce((low, id) => Math.min(low, gates[`G${id}` as GateId].cap), 100);
  return arithmeticOf(badness as Record<FactorId, number>, criticality, cap).score;
}
