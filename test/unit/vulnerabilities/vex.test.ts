import { describe, expect, it } from 'vitest';
import type { VexStatement } from '../../../gateway/core/vulnerability.ts';
import { standing } from '../../../gateway/vulnerabilities/vex.ts';
import { billOf } from '../../support/vulnerabilities.ts';

const bill = billOf(
  [
    { name: 'x', purl: 'pkg:npm/x@1.0.0' },
    { name: 'y', purl: 'pkg:npm/y@2.0.0' },
  ],
  {
    name: 'Pump',
    version: '2.0',
    vendor: 'Maker',
    purl: 'pkg:generic/pump@2.0',
  },
);
const [x, y] = bill.components as [(typeof bill.components)[0], (typeof bill.components)[0]];

const said = (change: Partial<VexStatement>): VexStatement => ({
  vulnerability: 'CVE-2026-0001',
  product: { purl: 'pkg:npm/x@1.0.0' },
  status: 'not_affected',
  detail: '',
  at: 100,
  author: 'anna',
  source: 'site',
  ...change,
});
const status = (statements: VexStatement[], component = x, of = bill) =>
  standing(statements, of, component)?.status;

describe('a statement of this site', () => {
  it('holds for that component of that model, and no other', () => {
    const statement = said({ model: 'pump' });
    expect(status([statement])).toBe('not_affected');
    expect(status([statement], y)).toBeUndefined();
    expect(status([statement], x, { ...bill, model: 'monitor' })).toBeUndefined();
  });

  it('holds for that version, or for all when it names none', () => {
    const later = { ...x, purl: 'pkg:npm/x@1.0.1' };
    expect(status([said({ model: 'pump' })], later)).toBeUndefined();
    expect(status([said({ model: 'pump', product: { purl: 'pkg:npm/x' } })], later)).toBe(
      'not_affected',
    );
  });
});

describe('a statement of a maker', () => {
  it('about the product holds for all its parts, about a part for that one', () => {
    const whole = said({ product: { purl: 'pkg:generic/pump@2.0' } });
    expect([status([whole], x), status([whole], y)]).toEqual(['not_affected', 'not_affected']);
    const part = said({ ...whole, component: { purl: 'pkg:npm/y@2.0.0' } });
    expect([status([part], x), status([part], y)]).toEqual([undefined, 'not_affected']);
  });

  it('about another version of the product says nothing', () => {
    expect(status([said({ product: { purl: 'pkg:generic/pump@3.0' } })])).toBeUndefined();
    expect(status([said({ product: { name: 'Pump', vendor: 'Maker', version: '2.0' } })])).toBe(
      'not_affected',
    );
    const unknown = billOf([x], { name: 'Pump', vendor: 'Maker' });
    const named = said({ product: { name: 'Pump', vendor: 'Maker', version: '2.0' } });
    expect(status([named], x, unknown)).toBeUndefined();
  });

  it('that something is fixed in no stated version fixes nothing', () => {
    const fixed = said({ status: 'fixed', product: { name: 'Pump', vendor: 'Maker' } });
    expect(status([fixed])).toBeUndefined();
    const bounded = said({ ...fixed, product: { name: 'Pump', range: { startIncluding: '2.0' } } });
    expect(status([bounded])).toBe('fixed');
  });

  it('names nothing by an empty name', () => {
    expect(status([said({ product: {} })])).toBeUndefined();
  });
});

it('the later statement holds, whatever the order; of one moment the worse', () => {
  const [closed, reopened] = [said({}), said({ at: 200, status: 'affected' })];
  expect(status([closed, reopened])).toBe('affected');
  expect(status([reopened, closed])).toBe('affected');
  expect(status([said({ at: 300 }), reopened])).toBe('not_affected');
  expect(status([said({ at: 200 }), reopened])).toBe('affected');
});

it('a BOM-Link means the part of the bill that has that number', () => {
  const numbered = { ...bill, serialNumber: 'urn:uuid:3e671687-395b-41f5-a30f-a58921a69b79' };
  const linked = said({ product: { bomLink: '3e671687-395b-41f5-a30f-a58921a69b79#c0' } });
  expect(status([linked], x, numbered)).toBe('not_affected');
  expect(status([linked], y, numbered)).toBeUndefined();
  expect(status([linked], x)).toBeUndefined();
});
