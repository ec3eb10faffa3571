import { expect, it } from 'vitest';
import { createMemory, ofStrangers, recollect, type Values } from '../../../gateway/core/memory.ts';

const none = new Set<string>();
const valuesOf = (what: string, whom: string, value: unknown): Values =>
  new Map([[what, new Map([[whom, value]])]]);

it('forgets addresses longest unheard of, and no device for their sake', () => {
  const memory = createMemory();
  const scans = ofStrangers('address-scan');
  const keep = (what: string, whom: string, value: unknown) =>
    memory.remember({ values: valuesOf(what, whom, value), seen: none });
  keep('replay', 'mon-1', 1);
  keep(scans, '10.0.0.1', 1);
  keep(scans, '10.0.0.2', 1);
  keep(scans, '10.0.0.1', 2);
  const crowd = new Map(Array.from({ length: 19_999 }, (_, index) => [`${index}`, 1]));
  memory.remember({ values: new Map([[ofStrangers('x'), crowd]]), seen: none });
  expect(memory.values.get(scans)?.has('10.0.0.2')).toBe(false);
  expect(memory.values.get(scans)?.get('10.0.0.1')).toBe(2);
  for (let index = 0; index < 50_000; index += 1) keep(ofStrangers('y'), `${index}`, 1);
  const sizes = [...memory.values.values()].map(({ size }) => size);
  expect(sizes.reduce((sum, size) => sum + size, 0)).toBe(20_001);
  expect(memory.values.get('replay')?.get('mon-1')).toBe(1);
});

it('shows a batch what it wrote itself, also that something is forgotten, and nobody else', () => {
  const memory = createMemory();
  memory.remember({ values: valuesOf('doubt', 'mon-1', 1), seen: none });
  const one = recollect(memory);
  one.set('doubt', 'mon-1', undefined);
  one.set('heard', 'mon-1', 2);
  expect([one.get('doubt', 'mon-1'), one.get('heard', 'mon-1')]).toEqual([undefined, 2]);
  expect(recollect(memory).get('doubt', 'mon-1')).toBe(1);
  expect(recollect(memory).get('heard', 'mon-1')).toBeUndefined();
  memory.remember(one.changes);
  expect(recollect(memory).get('doubt', 'mon-1')).toBeUndefined();
  expect(recollect(memory).get('heard', 'mon-1')).toBe(2);
});
