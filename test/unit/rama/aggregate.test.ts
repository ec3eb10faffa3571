import { describe, expect, it } from 'vitest';
import { aggregate, aggregateBy, type Member } from '../../../gateway/rama/aggregate.ts';
import { assess } from '../../../gateway/rama/assess.ts';
import { chance, randomDevice, someTime } from '../../support/random-device.ts';

const wards = 500;

function ward(seed: number): Member[] {
  const next = chance(seed);
  return Array.from({ length: 1 + Math.floor(next() * 12) }, (_, index) => ({
    id: `device-${index}`,
    rama: assess(randomDevice(Math.floor(next() * 2 ** 31)), someTime),
  }));
}

function scoreOf(members: readonly Member[]): number {
  const local = aggregate(members);
  if (!local) throw new RangeError('a group of nobody');
  return local.score;
}

describe('the local score', () => {
  it('is none for a group of nobody', () => {
    expect(aggregate([])).toBeUndefined();
  });

  it('lies between the worst and the best device, and no order of devices shows in it', () => {
    for (let seed = 0; seed < wards; seed += 1) {
      const members = ward(seed);
      const scores = members.map(({ rama }) => rama.score);
      const score = scoreOf(members);
      expect(score).toBeGreaterThanOrEqual(Math.min(...scores) - 1e-9);
      expect(score).toBeLessThanOrEqual(Math.max(...scores) + 1e-9);
      expect(scoreOf(members.toReversed())).toBe(score);
    }
  });

  it('falls, or stays, when a device of it falls', () => {
    for (let seed = 0; seed < wards; seed += 1) {
      const members = ward(seed);
      const [first, ...others] = members as [Member, ...Member[]];
      const fallen = { ...first, rama: { ...first.rama, score: first.rama.score * 0.8 } };
      expect(scoreOf([fallen, ...others])).toBeLessThanOrEqual(scoreOf(members) + 1e-9);
    }
  });

  it('is explained wholly by its devices, by factor and gate, and by each list of classes', () => {
    for (let seed = 0; seed < wards / 10; seed += 1) {
      const local = aggregate(ward(seed));
      const sum = (values: readonly number[]) => values.reduce((total, each) => total + each, 0);
      const missing = 100 - (local?.score ?? Number.NaN);
      expect(sum(local?.contributions.map(({ points }) => points) ?? [])).toBeCloseTo(missing, 6);
      expect(sum(Object.values(local?.byFactor ?? {}))).toBeCloseTo(missing, 6);
      for (const list of Object.values(local?.byTag ?? {})) {
        expect(sum(Object.values(list))).toBeCloseTo(missing, 6);
      }
    }
  });

  it('is given for each group, in the order of their names', () => {
    const members = [...ward(7), ...ward(8)].map((member, index) => ({
      ...member,
      place: index % 2 ? 'a' : 'b',
    }));
    const groups = aggregateBy(members, ({ place }) => place);
    expect([...groups.keys()]).toEqual(['a', 'b']);
    expect(groups.get('a')?.devices).toBe(members.filter(({ place }) => place === 'a').length);
  });
});
