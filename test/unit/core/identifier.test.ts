import fc from 'fast-check';
import { expect, it } from 'vitest';
import { identifiersIn } from '../../../gateway/core/identifier.ts';
import { metricIds } from '../../../gateway/core/metric.ts';

it.each([
  ['jane.doe@example.org', 'e-mail'],
  ['call +49 30 123456-78', 'telephone'],
  ['(555) 867-5309', 'telephone'],
  ['078-05-1120', 'ssn'],
  // Published examples: NHS Data Dictionary, SWIFT's IBAN registry, GKV.
  ['943 476 5919', 'nhs'],
  ['GB82 WEST 1234 5698 7654 32', 'iban'],
  ['A123456780', 'kvnr'],
])('finds %s', (text, kind) => {
  expect(identifiersIn(`x ${text} y`)).toContain(kind);
});

it.each([
  '943 476 5918',
  'GB83 WEST 1234 5698 7654 32',
  'A123456789',
  '000-12-3456',
  '2026-11-22T10:00:00.000Z',
  '20261122100000',
  '00:12:33',
])('finds nobody in %s', (text) => {
  expect(identifiersIn(text)).toEqual([]);
});

it('finds nobody in the names of metrics', () => {
  for (const metric of metricIds) expect(identifiersIn(`${metric}=999 %`)).toEqual([]);
});

it('is bounded, whatever it reads', () => {
  fc.assert(
    fc.property(fc.string({ maxLength: 2_000, unit: 'binary' }), (text) => {
      expect(identifiersIn(text.repeat(20)).length).toBeLessThanOrEqual(6);
    }),
  );
});
