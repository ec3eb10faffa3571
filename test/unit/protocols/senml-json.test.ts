import { describe, expect, it } from 'vitest';
import type { DeviceRecord, Malformed } from '../../../gateway/core/protocol.ts';
import protocol from '../../../gateway/protocols/senml-json.ts';

function read(text: string): readonly DeviceRecord[] | Malformed {
  return protocol.readMessage?.(Buffer.from(text)) ?? [];
}

describe('senml-json', () => {
  it('resolves base fields until they are replaced', () => {
    const pack = `[{"bn":"urn:dev:a:","bu":"Cel","bv":30,"n":"t1","v":6.5},
      {"n":"t2","v":7},{"bn":"urn:dev:b/","bu":"%RH","bv":0,"n":"h","v":40},{"n":"own","u":"kg","v":2}]`;
    expect(read(pack)).toEqual([
      {
        fields: {
          t1: { value: 36.5, unit: 'Cel' },
          t2: { value: 37, unit: 'Cel' },
          h: { value: 40, unit: '%' },
          own: { value: 2, unit: 'kg' },
        },
      },
    ]);
  });

  it('groups by resolved time, relative times each by themselves and without a time', () => {
    const pack = '[{"bt":1795341600.25,"n":"a","v":1},{"n":"b","v":2},{"n":"a","t":1,"v":3}]';
    expect(read(pack)).toEqual([
      { fields: { a: 1, b: 2 }, time: '2026-11-22T10:00:00.250Z', isStored: true },
      { fields: { a: 3 }, time: '2026-11-22T10:00:01.250Z' },
    ]);
    expect(read('[{"n":"a","t":-5,"v":1},{"n":"a","v":2}]')).toEqual([
      { fields: { a: 1 }, isStored: true },
      { fields: { a: 2 } },
    ]);
    expect(read('[{"n":"a","t":268435455,"v":1}]')).toEqual([{ fields: { a: 1 } }]);
    expect(read('[{"n":"a","t":268435456,"v":1}]')).toMatchObject([
      { time: '1978-07-04T21:24:16.000Z' },
    ]);
  });

  it.each([
    ['beat/min', '/min'],
    ['1/min', '/min'],
    ['/', '1'],
    ['/100', '%'],
    ['%RH', '%'],
    ['Cel', 'Cel'],
    ['kg', 'kg'],
  ])('writes the unit %s as %s', (unit, ucum) => {
    expect(read(JSON.stringify([{ n: 'a', u: unit, v: 1 }]))).toEqual([
      { fields: { a: { value: 1, unit: ucum } } },
    ]);
  });

  it('passes over labels it does not know, but not those that must be known', () => {
    expect(read('[{"n":"a","v":1,"x":{"y":[{"z":1}]}}]')).toEqual([{ fields: { a: 1 } }]);
    expect(read('[{"n":"a","v":1,"x_":1}]')).toMatchObject({ detail: '0.x_: unknown label' });
    expect(read('[{"n":"a","v":1,"__proto__":1}]')).toMatchObject({
      detail: '0.__proto__: unknown label',
    });
  });

  it.each([
    ['{"n":"a","v":1}', 'pack: not a list'],
    ['[]', 'pack: empty'],
    ['[{"bn":"x"}]', 'pack: no value'],
    ['[[]]', '0: not an object'],
    ['[{"n":"a"}]', '0.v: no value'],
    ['[{"v":1}]', '0.n: not a name'],
    ['[{"n":"__proto__","v":1}]', '0.n: not a name'],
    ['[{"bn":"urn:","n":"a:","v":1}]', '0.n: not a name'],
    ['[{"n":"a","v":"1"}]', '0.v: not of its form'],
    ['[{"n":"a","v":1e999}]', '0.v: not of its form'],
    ['[{"bv":1e308,"n":"a","v":1e308}]', '0.v: not a finite number'],
    ['[{"n":"a","v":1,"vs":"x"}]', '0.vs: a second value'],
    ['[{"n":"a","v":1},{"n":"x/a","v":2}]', '1.n: twice at one time'],
    ['[{"n":"a","v":1,"v":2}]', 'pack: a key twice'],
    ['[{"bver":11,"n":"a","v":1}]', '0.bver: not of its form'],
    ['[{"n":"a","t":1e15,"v":1}]', '0.t: not of its form'],
    ['[{"bt":2e11,"n":"a","t":2e11,"v":1}]', '0.t: not a time'],
    ['[{"n":"a","vb":1}]', '0.vb: not of its form'],
    [`[${Array(257).fill('{"n":"a","v":1}').join()}]`, 'pack: more than 256 records'],
  ])('refuses %s', (text, detail) => {
    expect(read(text)).toEqual({ reason: 'malformed', detail });
  });

  it('gives data and sums no value', () => {
    expect(
      read('[{"n":"a","vd":"aGk="},{"n":"b","s":5},{"n":"c","vb":false},{"n":"d","vs":"x"}]'),
    ).toEqual([
      {
        fields: { a: { absent: 'unsupported' }, b: { absent: 'unsupported' }, c: 'false', d: 'x' },
      },
    ]);
  });
});
