import { expect, it } from 'vitest';
import { createMemory, recollect, strangerOf, type Values } from '../../../gateway/core/memory.ts';

const none = new Set<string>();
const valuesOf = (what: string, whom: string, value: unknown): Values =>
  new Map([[whom, new Map([[what, value]])]]);

it('forgets addresses longest unheard of, and no device for their sake', () => {
  const memory = createMemory();
  const keep = (what: string, whom: string, value: unknown) =>
    memory.remember({ values: valuesOf(what, whom, value), seen: none });
  const [first, second] = [strangerOf('10.0.0.1'), strangerOf('10.0.0.2')];
  keep('replay', 'mon-1', 1);
  keep('address-scan', first, 1);
  keep('address-scan', second, 1);
  keep('connection-flood', first, 2);
  for (let index = 0; index < 9_999; index += 1) keep('x', strangerOf(`${index}`), 1);
  expect(memory.values.has(second)).toBe(false);
  expect([...(memory.values.get(first) ?? [])]).toEqual([
    ['address-scan', 1],
    ['connection-flood', 2],
  ]);
  for (let index = 0; index < 50_000; index += 1) keep('y', strangerOf(`${index}`), 1);
  expect(memory.values.size).toBe(10_001);
  expect(memory.values.get('mon-1')?.get('replay')).toBe(1);
});

it('shows a batch what it wrote itself, also that something is forgotten, and nobody else', () => {
  const memory = createMemory();
  memory.remember({ values: valuesOf('doubt', 'mon-1', 1), seen: none });
  const one = recollect(memory);
  expect(one.get('doubt', 'mon-1')).toBe(1);
  one.set('doubt', 'mon-1', undefined);
  one.set('heard', 'mon-1', 2);
  one.set('heard', 'mon-2', 3);
  expect([one.get('doubt', 'mon-1'), one.get('heard', 'mon-1')]).toEqual([undefined, 2]);
  expect(one.get('heard', 'mon-2')).toBe(3);
  expect(recollect(memory).get('doubt', 'mon-1')).toBe(1);
  expect(recollect(memory).get('heard', 'mon-1')).toBeUndefined();
  memory.remember(one.changes);
  expect(recollect(memory).get('doubt', 'mon-1')).toBeUndefined();
  expect(recollect(memory).get('heard', 'mon-1')).toBe(2);
});
