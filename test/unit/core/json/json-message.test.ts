import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { frameJson, startJsonFraming } from '../../../../gateway/core/json/json-framing.ts';
import {
  isFieldName,
  isMalformed,
  jsonBytesMax,
  parseJson,
} from '../../../../gateway/core/json/json-message.ts';

describe('a JSON message', () => {
  it('is parsed with the number of its keys', () => {
    fc.assert(
      fc.property(fc.json({ maxDepth: 3 }), (text) => {
        const parsed = parseJson(Buffer.from(text));
        if (isMalformed(parsed)) throw new Error(parsed.detail);
        expect(parsed.value).toEqual(JSON.parse(text));
        expect(parsed.keys).toBe(countKeys(JSON.parse(text)));
      }),
    );
  });

  it('counts a key that comes twice', () => {
    expect(parseJson(Buffer.from('{"a":":{\\"","a":"\\\\"}'))).toMatchObject({ keys: 2 });
  });

  it.each([
    ['an opening bracket', '['.repeat(10_000), 'too-deep'],
    ['objects', '{"a":'.repeat(10_000), 'too-deep'],
    ['9 whole levels', `${'['.repeat(9)}${']'.repeat(9)}`, 'too-deep'],
    ['nothing', '', 'malformed'],
    ['NaN', '[NaN]', 'malformed'],
    ['two values', '{}{}', 'malformed'],
    ['a byte order mark', '\ufeff{}', 'malformed'],
    ['a string without end', '{"a":"\\', 'malformed'],
  ])('is refused when it is %s', (_, text, reason) => {
    expect(parseJson(Buffer.from(text))).toMatchObject({ reason });
  });

  it('is refused when its bytes are not UTF-8 or too many', () => {
    expect(parseJson(Buffer.from([0x22, 0xc3, 0x28, 0x22]))).toMatchObject({ detail: 'not UTF-8' });
    expect(parseJson(Buffer.from([0x22, 0xed, 0xa0, 0x80, 0x22]))).toMatchObject({
      detail: 'not UTF-8',
    });
    expect(isMalformed(parseJson(Buffer.alloc(jsonBytesMax + 1, 0x20)))).toBe(true);
    const largest = Buffer.from(`"${'x'.repeat(jsonBytesMax - 2)}"`);
    expect(isMalformed(parseJson(largest))).toBe(false);
  });

  it('is not quoted in what is said about it', () => {
    const answer = parseJson(Buffer.from('{"name":"Jane Doe",}'));
    expect(JSON.stringify(answer)).not.toContain('Jane');
  });

  it('names fields that cannot pollute a prototype', () => {
    expect(['MDC_A', 'a.b-c:d/e', '4', 'constructor'].every(isFieldName)).toBe(true);
    const refused = ['__proto__', '', '_a', ' a', 'a b', 'ä', 'a\n', 'x'.repeat(65), '-a'];
    expect(refused.filter(isFieldName)).toEqual([]);
  });
});

describe('the framing of JSON on a line', () => {
  const frame = (text: string) => {
    const { messages, discardedBytes } = frameJson(startJsonFraming, Buffer.from(text), '{');
    return { messages: messages.map((bytes) => Buffer.from(bytes).toString()), discardedBytes };
  };

  it('finds every object of any stream of objects, pretty or not', () => {
    const object = fc.dictionary(fc.string(), fc.jsonValue({ maxDepth: 2 }));
    fc.assert(
      fc.property(fc.array(fc.tuple(object, fc.nat(2))), (objects) => {
        const texts = objects.map(([value, indent]) => JSON.stringify(value, null, indent));
        expect(frame(texts.join('\r\n'))).toEqual({ messages: texts, discardedBytes: 0 });
        expect(frame(texts.join(''))).toEqual({ messages: texts, discardedBytes: 0 });
      }),
    );
  });

  it('counts what stands between objects, but no white space', () => {
    expect(frame(' \t\r\n{} x]5 {}\n')).toEqual({ messages: ['{}', '{}'], discardedBytes: 3 });
  });

  it('starts afresh where no JSON text can go on', () => {
    expect(frame('{"a":1 {"b":2}')).toEqual({ messages: ['{"b":2}'], discardedBytes: 7 });
    expect(frame('{"a\n{"b":2}')).toEqual({ messages: ['{"b":2}'], discardedBytes: 3 });
  });

  it('lets an endless message go at its limit and reads the next one', () => {
    const endless = `{"a":"${'x'.repeat(1_000_000)}`;
    const { messages, discardedBytes } = frame(`${endless}\n{"b":2}`);
    expect(messages).toEqual(['{"b":2}']);
    expect(discardedBytes).toBe(endless.length);
    const largest = `{"a":"${'x'.repeat(jsonBytesMax - 8)}"}`;
    expect(frame(largest).messages).toEqual([largest]);
  });
});

function countKeys(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 0;
  const own = Array.isArray(value) ? 0 : Object.keys(value).length;
  return Object.values(value).reduce((total: number, part) => total + countKeys(part), own);
}
