import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type FleetStrain,
  readFleet,
  seeCrowd,
  startFleet,
} from '../../../gateway/features/fleet-state.ts';
import { noon } from '../../support/wards.ts';

const secondMs = 1_000;
const ward = Array.from({ length: 40 }, (_, index) => `mon-${index}`);

/** Seconds of a gateway; `strangeAt` says how many of the ward are strange then. */
function play(
  seconds: number,
  strangeAt: (second: number) => readonly string[],
  present: (second: number) => readonly string[] = () => ward,
  state = startFleet(),
) {
  const told: (FleetStrain & { readonly second: number })[] = [];
  for (let second = 0; second < seconds; second += 1) {
    const strange = strangeAt(second).map((about) => ({ about, feature: 'topics-10s' }));
    const at = noon + second * secondMs;
    const tick = { at, elapsedMs: second === 0 ? 0 : secondMs, present: present(second), strange };
    const strain = readFleet(state, tick);
    if (strain) told.push({ ...strain, second });
  }
  return told;
}

const some = (count: number, from = 0) => ward.slice(from, from + count);

describe('the fleet', () => {
  it('is silent while devices are strange one at a time, and in its first half minute', () => {
    expect(
      play(7_200, (second) => (second % 300 === 0 ? some(1, (second / 300) % 40) : [])),
    ).toEqual([]);
    expect(play(1_800, (second) => (second < 30 ? ward : []))).toEqual([]);
  });

  it('says at once how many are strange together, and by what', () => {
    const [first] = play(900, (second) => (second >= 800 ? some(6) : []));
    expect(first).toMatchObject({ second: 800, together: 6, identities: 40 });
    expect(first?.features).toEqual({ 'topics-10s': 6 });
    expect(play(900, (second) => (second >= 800 ? some(2) : []))).toEqual([]);
  });

  it('counts who follows whom within a minute as together, and nobody for longer', () => {
    const worm = (everyS: number) => (second: number) =>
      second >= 700 && second % everyS === 0 ? some(1, (second / everyS) % 40) : [];
    expect(play(1_000, worm(10)).length).toBeGreaterThan(0);
    expect(play(1_500, worm(40))).toEqual([]);
  });

  it('takes what is so every minute for usual, and more than that not', () => {
    const noisy = (second: number) => (second % 20 === 0 ? some(1, (second / 20) % 40) : []);
    const later = (second: number) => [...noisy(second), ...(second >= 3_000 ? some(30) : [])];
    // Nobody knows it is usual until ten minutes have passed.
    const seconds = play(3_600, later)
      .map(({ second }) => second)
      .filter((second) => second > 700);
    expect(seconds[0]).toBe(3_000);
  });

  it('tells how many came new and how full the link is, as far from usual as it is', () => {
    const state = startFleet();
    play(700, () => [], undefined, state);
    seeCrowd(state, 200, 900);
    const strangers = Array.from({ length: 50 }, (_, index) => `10.0.0.${index}`);
    const at = noon + 800 * secondMs;
    const strange = strangers.map((about) => ({ about, feature: 'refusals-1s' }));
    const tick = { at, elapsedMs: secondMs, present: [...ward, ...strangers], strange };
    const strain = readFleet(state, tick);
    expect(strain?.z).toEqual({ together: 30, 'new-identities': 30, waiting: 30, 'lag-ms': 30 });
  });

  it('stays bounded, whoever comes and whatever the clock does', () => {
    const state = startFleet();
    const tick = fc.record({
      at: fc.integer({ min: 0, max: 4e12 }),
      elapsedMs: fc.nat(),
      present: fc.array(fc.string()),
      strange: fc.array(fc.record({ about: fc.string(), feature: fc.string() })),
    });
    fc.assert(fc.property(tick, (one) => void readFleet(state, one)));
    const many = Array.from({ length: 20_000 }, (_, index) => `${index}`);
    const strange = many.map((about) => ({ about, feature: 'x' }));
    readFleet(state, { at: 5e12, elapsedMs: 1, present: many, strange });
    readFleet(state, { at: 5e12 + 1, elapsedMs: 1, present: many, strange });
    expect(state.met.size).toBeLessThanOrEqual(8_192);
    expect(state.strange.size).toBeLessThanOrEqual(8_192);
    expect(state.strange.size).toBeGreaterThan(8_000);
  });
});
