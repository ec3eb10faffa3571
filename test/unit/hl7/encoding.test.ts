import fc from 'fast-check';
import { expect, it } from 'vitest';
import { readHl7Message } from '../../../gateway/core/hl7/message.ts';
import { components, decimal, segment, timestamp } from '../../../gateway/hl7/encoding.ts';

const header = 'MSH|^~\\&|||||||ORU^R01|1|P|2.6\r';

it('means itself, whatever text it is, and begins no field, segment or message', () => {
  const text = fc.string({ unit: 'binary' }).map((one) => one.trim());
  const awkward = fc
    .array(fc.constantFrom('|', '^', '~', '\\', '&', '\r', '\n', '\x0b', '\x1c', 'OBX', 'F', 'é'))
    .map((pieces) => pieces.join('').trim());
  fc.assert(
    fc.property(fc.oneof(text, awkward), (plain) => {
      const written = segment('NTE', ['1', components('before', plain, 'behind')]);
      // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what must not pass.
      expect(written).not.toMatch(/[\u0000-\u001f\u007f]/);
      const note = readHl7Message(`${header}${written}`)?.segments[1];
      expect(note?.part(2, 2)).toBe(plain);
      expect([note?.part(2, 1), note?.part(2, 3)]).toEqual(['before', 'behind']);
    }),
  );
});

it.each([
  [0, '0'],
  [-0.5, '-0.5'],
  [97, '97'],
  [1e-7, '0.0000001'],
  [-2.5e-10, '-0.00000000025'],
  [1.5e21, '1500000000000000000000'],
])('writes %d without an exponent, as %s', (value, text) => {
  expect(decimal(value)).toBe(text);
});

it('writes any figure a device can mean so that it reads the same', () => {
  fc.assert(
    fc.property(fc.double({ min: -1e12, max: 1e12, noNaN: true }), (value) => {
      const figure = Number(value.toPrecision(9));
      fc.pre(figure === 0 || Math.abs(figure) > 1e-11);
      expect(decimal(figure)).toMatch(/^-?\d+(\.\d+)?$/);
      expect(Number(decimal(figure)) + 0).toBe(figure + 0);
    }),
  );
});

it('writes a time with milliseconds and its offset', () => {
  expect(timestamp(Date.UTC(2026, 10, 22, 10, 0, 0, 250))).toBe('20261122100000.250+0000');
});
