import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createArraySplitter, NotWhole } from '../../../gateway/vulnerabilities/array-splitter.ts';

function split(text: string, piece = 7, bytesMax = 10_000) {
  const splitter = createArraySplitter('vulnerabilities', bytesMax);
  const bytes = Buffer.from(text);
  const elements: string[] = [];
  for (let at = 0; at < bytes.length; at += piece) {
    elements.push(...splitter.push(bytes.subarray(at, at + piece)));
  }
  return { elements, around: splitter.end() };
}

describe('a feed cut into its entries', () => {
  it('gives each entry once, and what stands around them', () => {
    const feed = { at: '2026', vulnerabilities: [{ a: '],"}' }, { b: [1, { c: '\\"' }] }], n: [2] };
    const { elements, around } = split(JSON.stringify(feed, undefined, 2));
    expect(elements.map((each) => JSON.parse(each))).toEqual(feed.vulnerabilities);
    expect(around).toEqual({ ...feed, vulnerabilities: [] });
  });

  it('is the same for any entries, cut anywhere', () => {
    fc.assert(
      fc.property(
        fc.array(fc.jsonValue({ maxDepth: 3 })),
        fc.dictionary(fc.string(), fc.jsonValue({ maxDepth: 2 })),
        fc.integer({ min: 1, max: 50 }),
        (entries, rest, piece) => {
          const feed = { ...rest, vulnerabilities: entries };
          const { elements } = split(JSON.stringify(feed), piece, 1e6);
          expect(elements.map((each) => JSON.parse(each))).toEqual(
            JSON.parse(JSON.stringify(entries)),
          );
        },
      ),
    );
  });

  it('is refused when it was cut off at any byte', () => {
    const text = JSON.stringify({ at: 'x', vulnerabilities: [{ a: 1 }, { b: ']' }], n: 2 });
    for (let length = 0; length < text.length; length += 1) {
      expect(() => split(text.slice(0, length)), text.slice(0, length)).toThrow(NotWhole);
    }
  });

  it('is refused where it is no object with these entries', () => {
    for (const text of ['[]', '{}', '{"other":[1]}', 'no JSON', '{"vulnerabilities":[]}}']) {
      expect(() => split(text), text).toThrow(NotWhole);
    }
  });

  it('holds no more than one entry', () => {
    const entry = `{"vulnerabilities":["${'x'.repeat(200)}"]}`;
    expect(() => split(entry, 50, 100)).toThrow(NotWhole);
    const around = `{"pad":"${'x'.repeat(70_000)}","vulnerabilities":[]}`;
    expect(() => split(around)).toThrow(NotWhole);
  });
});
