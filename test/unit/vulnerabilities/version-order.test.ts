import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compareVersions } from '../../../gateway/vulnerabilities/version-order.ts';
import { judgeRange } from '../../../gateway/vulnerabilities/version-range.ts';

const ascending = {
  // semver.org, 11.
  semver: [
    '1.0.0-alpha',
    '1.0.0-alpha.1',
    '1.0.0-alpha.beta',
    '1.0.0-beta',
    '1.0.0-beta.2',
    '1.0.0-beta.11',
    '1.0.0-rc.1',
    '1.0.0',
    '1.0.1',
    'v1.2',
    '2.0.0+build.5',
    '10.0.0',
  ],
  // deb-version(7).
  debian: ['1.0~~', '1.0~~a', '1.0~', '1.0', '1.0-1', '1.0-1+deb11u1', '1.0-2', '1.0a', '1:0.1'],
  dotted: ['1.0', '1.0.1', '1.0.2f', '1.0.2k', '1.2', '1.10', '10.0.19041.1', '2021.1'],
} as const;

describe('versions of a scheme', () => {
  it.each(Object.keys(ascending) as (keyof typeof ascending)[])('%s ascend', (scheme) => {
    const rows = ascending[scheme];
    rows.forEach((lower, index) => {
      expect(compareVersions(lower, lower, scheme)).toBe(0);
      for (const higher of rows.slice(index + 1)) {
        const order = [
          compareVersions(lower, higher, scheme),
          compareVersions(higher, lower, scheme),
        ];
        // `1.0.1` against `1.0.2f` is decided by a number; nothing here is undecided.
        expect([lower, higher, ...order]).toEqual([lower, higher, -1, 1]);
      }
    });
  });

  it('of firmware compare where they differ in one place', () => {
    expect(compareVersions('012U000061', '012u000062', 'dotted')).toBe(-1);
    expect(compareVersions('L81', 'L82', 'dotted')).toBe(-1);
    expect(compareVersions('Version 3.1', '3.1.0', 'dotted')).toBe(0);
    expect(compareVersions('4.0 beta 2', '4.0 rc 1', 'dotted')).toBe(-1);
  });

  it.each([
    ['1.0b', '1.0'],
    ['1.0-1', '1.0.1'],
    ['1.0-1', '1.0'],
    ['A10', '1.0'],
    ['unknown', '1.0'],
    ['', '1.0'],
    ['1.0.x', '1.0.1'],
    ['1'.repeat(300), '1'],
  ])('%s and %s are put in no order', (first, second) => {
    expect(compareVersions(first, second, 'dotted')).toBeUndefined();
    expect(compareVersions(second, first, 'dotted')).toBeUndefined();
  });

  it('never contradict themselves, whatever is written', () => {
    const text = fc.oneof(
      fc.string({ maxLength: 40 }),
      fc.stringMatching(/^v?\d{1,3}([.+~-][0-9a-c]{1,3}){0,4}$/),
    );
    const scheme = fc.constantFrom('semver', 'debian', 'dotted');
    fc.assert(
      fc.property(text, text, text, scheme, (a, b, c, each) => {
        const [ab, ba] = [compareVersions(a, b, each), compareVersions(b, a, each)];
        expect(ba).toBe(ab === undefined ? undefined : 0 - ab);
        const bc = compareVersions(b, c, each);
        const ac = compareVersions(a, c, each);
        if (ab === -1 && bc === -1 && ac !== undefined) expect(ac).toBe(-1);
      }),
      { numRuns: 3_000 },
    );
  });
});

describe('a range', () => {
  const verdict = (version: string | undefined, range: object) =>
    judgeRange(version, range, 'dotted');

  it('holds its bounds as they are stated', () => {
    const range = { startIncluding: '1.0', endExcluding: '2.0' };
    expect(verdict('1.0', range).verdict).toBe('affected');
    expect(verdict('1.9.9', range).verdict).toBe('affected');
    expect(verdict('2.0', range).verdict).toBe('not-affected');
    expect(verdict('0.9', range).verdict).toBe('not-affected');
    expect(verdict('1.0', { startExcluding: '1.0' }).verdict).toBe('not-affected');
    expect(verdict('2.0', { endIncluding: '2.0' }).verdict).toBe('affected');
    expect(verdict('anything', {}).verdict).toBe('affected');
  });

  it('is unknown, and says why, for a version that cannot be read or is not there', () => {
    expect(verdict('rev. B', { endExcluding: '2.0' })).toEqual({
      verdict: 'unknown',
      doubt: 'version-unparsed',
    });
    expect(verdict(undefined, { endExcluding: '2.0' })).toEqual({
      verdict: 'unknown',
      doubt: 'version-missing',
    });
  });

  it('is decided where one bound is, though another cannot be read', () => {
    expect(verdict('3.0', { startIncluding: 'rev. A', endExcluding: '2.0' }).verdict).toBe(
      'not-affected',
    );
  });
});
