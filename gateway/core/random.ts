/** Chance that a seed decides: the same seed gives the same numbers on every machine. */
export interface Random {
  /** From 0 up to 1. */
  next(): number;
  between(from: number, to: number): number;
  /** Evenly on a logarithmic scale: as often from 1 to 10 as from 10 to 100. */
  logBetween(from: number, to: number): number;
  /** Standard normal. */
  normal(): number;
  /** Time until the next of events that come so often; infinite for 0. */
  wait(perUnit: number): number;
  pick<Item>(items: readonly Item[]): Item;
  /** Another one that this one's course does not disturb. */
  fork(salt: number): Random;
}

/** The mixing function is Mulberry32's (public domain). */
export function seededRandom(seed: number): Random {
  let state = seed >>> 0;
  function next(): number {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  }
  const between = (from: number, to: number) => from + (to - from) * next();
  return {
    next,
    between,
    logBetween: (from, to) => from * (to / from) ** next(),
    normal: () => Math.sqrt(-2 * Math.log(1 - next())) * Math.cos(2 * Math.PI * next()),
    wait: (perUnit) => (perUnit > 0 ? -Math.log(1 - next()) / perUnit : Number.POSITIVE_INFINITY),
    pick<Item>(items: readonly Item[]): Item {
      const item = items[Math.floor(next() * items.length)];
      if (item === undefined) throw new RangeError('nothing to pick from');
      return item;
    },
    fork: (salt) =>
      seededRandom(Math.imul(seed ^ 0x9e3779b9, 0x85ebca6b) + Math.imul(salt + 1, 0xc2b2ae35)),
  };
}
