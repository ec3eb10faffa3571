/** A number in [0, 1), again and again. */
export type Chance = () => number;

/** Mulberry32: small, seeded, good enough to choose moments. */
export function seededChance(seed: number): Chance {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

export function between(low: number, high: number, chance: Chance): number {
  return low + (high - low) * chance();
}

/** A whole number from 0 up to and without `count`. */
export function below(count: number, chance: Chance): number {
  return Math.floor(chance() * count);
}

export function shuffled<Item>(items: readonly Item[], chance: Chance): Item[] {
  const all = [...items];
  for (let last = all.length - 1; last > 0; last -= 1) {
    const other = below(last + 1, chance);
    [all[last], all[other]] = [all[other] as Item, all[last] as Item];
  }
  return all;
}
