import { expect, it } from 'vitest';
import { createParts, type PartPlan } from '../../gateway/parts.ts';

/** Parts that write down what happens to them. */
function journal() {
  const lines: string[] = [];
  const plan = (key: string, settings: unknown, fails = false): PartPlan => ({
    key,
    settings,
    async start() {
      if (fails) throw new RangeError(key);
      lines.push(`+${key}`);
      return { close: async () => void lines.push(`-${key}`) };
    },
  });
  return { lines, plan };
}

it('touches only what changed, and ends last what started first', async () => {
  const { lines, plan } = journal();
  const parts = createParts();
  const first = [[plan('a', 1), plan('b', { x: 1 })], [plan('c', 1)]];
  expect(await parts.apply(async () => first)).toEqual(['a', 'b', 'c']);
  expect(await parts.apply(async () => first)).toEqual([]);
  lines.length = 0;
  const adopt = async () => void lines.push('~c');
  const second = [[plan('b', { x: 2 }), plan('d', 1)], [{ ...plan('c', 2), adopt }]];
  expect(await parts.apply(async () => second)).toEqual(['a', 'b', 'd', 'c']);
  expect(lines).toEqual(['-a', '-b', '+b', '+d', '~c']);
  lines.length = 0;
  await parts.close();
  expect(lines).toEqual(['-c', '-b', '-d']);
});

it('is as it was once the plans of before are applied, whatever failed meanwhile', async () => {
  const { lines, plan } = journal();
  const parts = createParts();
  const before = [[plan('a', 1), plan('b', 1), plan('c', 1)]];
  await parts.apply(async () => before);
  const bad = [[plan('a', 2), plan('b', 2, true), plan('d', 1)]];
  await expect(parts.apply(async () => bad)).rejects.toThrow('b');
  await parts.apply(async () => before);
  lines.length = 0;
  await parts.close();
  expect(lines.toSorted()).toEqual(['-a', '-b', '-c']);
});

it('makes one change at a time, by the plans as they are when it is its turn', async () => {
  const { lines, plan } = journal();
  const parts = createParts();
  let wanted = [[plan('a', 1)]];
  const slow = parts.apply(async () => {
    await Promise.resolve();
    return [[plan('a', 0)]];
  });
  const next = parts.apply(async () => wanted);
  wanted = [[plan('b', 1)]];
  await Promise.all([slow, next]);
  expect(lines).toEqual(['+a', '-a', '+b']);
});
