import { expect, it } from 'vitest';
import { threatIds, threats } from '../../../gateway/core/threat.ts';

/** Ids that MITRE ATT&CK for ICS revoked in favour of sub-techniques (v19 and before). */
const revoked = new Set(
  'T0812 T0891 T0855 T0856 T0804 T0805 T0857 T0839 T0803 T0860.001 T0846 T1562'.split(' '),
);

it('has twenty detections, of which sixteen prevent', () => {
  expect(threatIds).toHaveLength(20);
  expect(threatIds.filter((id) => threats[id].response === 'prevent')).toHaveLength(16);
});

it('names no revoked technique, and keeps the former id beside the present one', () => {
  const all = threatIds.flatMap((id) => [
    ...threats[id].ics.map((technique) => technique.id),
    ...threats[id].enterprise,
  ]);
  expect(all.filter((id) => revoked.has(id))).toEqual([]);
  for (const id of all) expect(id).toMatch(/^T\d{4}(\.\d{3})?$/);
  expect(threats.D01.ics).toContainEqual({ id: 'T1694.001', legacy: 'T0812' });
});

it('covers twelve of ENISA’s fifteen, every class of OWASP that can be seen, and STRIDE', () => {
  const of = <Value>(values: (id: (typeof threatIds)[number]) => readonly Value[]) =>
    new Set(threatIds.flatMap(values));
  const numbers = [...of<number>((id) => threats[id].enisa)].sort((a, b) => a - b);
  expect(numbers).toEqual([1, 4, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15]);
  expect(of<string>((id) => threats[id].owasp2021).size).toBe(10);
  expect(of<string>((id) => threats[id].owasp2025).size).toBe(10);
  expect([...of<string>((id) => threats[id].iot)].sort().join(' ')).toBe(
    'I1 I10 I2 I3 I4 I5 I6 I7 I8',
  );
  expect(new Set(threatIds.flatMap((id) => [...threats[id].stride]))).toEqual(new Set('STRIDE'));
});
