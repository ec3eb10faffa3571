import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Component, Vulnerability } from '../../../gateway/core/vulnerability.ts';
import { parseCpe } from '../../../gateway/vulnerabilities/cpe.ts';
import { readNvd } from '../../../gateway/vulnerabilities/feeds/nvd.ts';
import { readOsv } from '../../../gateway/vulnerabilities/feeds/osv.ts';
import { judge, nameBill } from '../../../gateway/vulnerabilities/judge.ts';
import { indexComponents, matchVulnerability } from '../../../gateway/vulnerabilities/matching.ts';
import { billOf, cpeRecord, record, vulnerabilityFixture } from '../../support/vulnerabilities.ts';

const cpe = (name: string, version = '*', rest = '*:*:*:*:*:*:*') =>
  `cpe:2.3:a:${name}:${version}:${rest}`;

/** The verdict about a single component, and why. */
function verdict(vulnerability: Vulnerability, component: Partial<Component>, others = [{}]) {
  const bill = billOf([component, ...others]);
  const hits = matchVulnerability(vulnerability, indexComponents([bill]));
  const hit = hits.find((each) => each.component.component.ref === 'c0');
  const { verdict: is, doubt } = hit?.judgement ?? { verdict: 'not-affected' };
  return doubt === undefined ? is : `${is}: ${doubt}`;
}

describe('a CPE', () => {
  it('is read with its escapes, in both bindings', () => {
    expect(parseCpe('cpe:2.3:a:open\\:ssl:a\\/b:1.0:*:*:*:*:*:*:*')).toMatchObject({
      vendor: 'open\\:ssl',
      product: 'a\\/b',
    });
    expect(parseCpe('cpe:/a:openssl:openssl:1.0.2k')).toMatchObject({
      vendor: 'openssl',
      version: '1.0.2k',
      update: '*',
    });
    for (const text of ['', 'cpe:2.3:a:x', 'cpe:2.3:q:a:b:1:*:*:*:*:*:*:*', 'cpe:/', 'openssl']) {
      expect(parseCpe(text), text).toBeUndefined();
    }
  });

  it('is never read with a throw, and bounded', () => {
    fc.assert(fc.property(fc.string(), (text) => void parseCpe(`cpe:2.3:${text}`)));
    fc.assert(fc.property(fc.string(), (text) => void parseCpe(`cpe:/${text}`)));
    expect(parseCpe(`cpe:2.3:a:${'x'.repeat(2_000)}:b:1:*:*:*:*:*:*:*`)).toBeUndefined();
  });
});

describe('a component with a CPE', () => {
  const range = cpeRecord(cpe('openssl:openssl'), {
    startIncluding: '1.0',
    endExcluding: '1.0.2k',
  });

  it.each([
    ['1.0.2j', 'affected'],
    ['1.0.2k', 'not-affected'],
    ['0.9.8', 'not-affected'],
    ['*', 'unknown: version-missing'],
    ['git-3f2a', 'unknown: version-unparsed'],
  ])('of version %s is %s', (version, expected) => {
    expect(verdict(range, { cpe: cpe('openssl:openssl', version) })).toBe(expected);
  });

  it('of another vendor or product is not affected', () => {
    expect(verdict(range, { cpe: cpe('libressl:openssl', '1.0.2j') })).toBe('not-affected');
    expect(verdict(range, { cpe: cpe('openssl:libcrypto', '1.0.2j') })).toBe('not-affected');
  });

  it('is unknown where it leaves an edition open, and not affected where it has another', () => {
    const windows = cpeRecord(cpe('a:b', '1.0', '*:*:*:*:windows:*:*'));
    expect(verdict(windows, { cpe: cpe('a:b', '1.0') })).toBe('unknown: attribute-unknown');
    expect(verdict(windows, { cpe: cpe('a:b', '1.0', '*:*:*:*:windows:*:*') })).toBe('affected');
    expect(verdict(windows, { cpe: cpe('a:b', '1.0', '*:*:*:*:linux:*:*') })).toBe('not-affected');
  });

  it('meets patterns in versions, without being slow on hostile ones', () => {
    expect(verdict(cpeRecord(cpe('a:b', '1.*')), { cpe: cpe('a:b', '1.7') })).toBe('affected');
    expect(verdict(cpeRecord(cpe('a:b', '1.?')), { cpe: cpe('a:b', '2.7') })).toBe('not-affected');
    const hostile = `${'*a'.repeat(200)}b`;
    const long = 'a'.repeat(500);
    expect(verdict(cpeRecord(cpe('a:b', hostile)), { cpe: cpe('a:b', long) })).toBe('not-affected');
  });

  it('without versions in NVD (“-”) is unknown', () => {
    expect(verdict(cpeRecord(cpe('a:b', '-')), { cpe: cpe('a:b', '1.0') })).toMatch(/^unknown/);
  });
});

describe('the record of a real pump', () => {
  const [vulnerability] = readNvd(vulnerabilityFixture('nvd-CVE-2021-33885.json'), 'nvd')
    .vulnerabilities as [Vulnerability];
  const firmware = (version: string) => ({
    name: 'SpaceCom2',
    cpe: `cpe:2.3:o:bbraun:spacecom2:${version}:*:*:*:*:*:*:*`,
  });
  const station = {
    name: 'Station',
    cpe: 'cpe:2.3:h:bbraun:spacestation_8713142u:-:*:*:*:*:*:*:*',
  };

  it('affects the firmware in the station that it names', () => {
    expect(verdict(vulnerability, firmware('012u000061'), [station])).toBe('affected');
    expect(verdict(vulnerability, firmware('012u000062'), [station])).toBe('not-affected');
  });

  it('is unknown where the bill does not say what the firmware runs on', () => {
    expect(verdict(vulnerability, firmware('012u000061'))).toBe('unknown: platform-unknown');
  });

  it('does not affect the hardware by itself', () => {
    expect(verdict(vulnerability, station, [firmware('012u000061')])).toBe('not-affected');
  });

  it('affects nothing once it was withdrawn', () => {
    const withdrawn = { ...vulnerability, isWithdrawn: true };
    expect(verdict(withdrawn, firmware('012u000061'), [station])).toBe('not-affected');
  });
});

describe('a component without a CPE', () => {
  const line = cpeRecord(cpe('lodash:lodash', '*', '*:*:*:*:node.js:*:*'), {
    endExcluding: '4.17.21',
  });

  it('of npm is met by NVD’s node.js', () => {
    expect(verdict(line, { name: 'lodash', purl: 'pkg:npm/lodash@4.17.20' })).toBe('affected');
    expect(verdict(line, { name: 'lodash', purl: 'pkg:npm/lodash@4.17.21' })).toBe('not-affected');
  });

  it('that only has the name is unknown, for another may have it too', () => {
    const any = cpeRecord(cpe('haxx:curl'), { endExcluding: '8.0' });
    expect(verdict(any, { name: 'cURL', version: '7.9' })).toBe('unknown: name-only');
    expect(verdict(any, { name: 'curl', version: '8.1' })).toBe('not-affected');
    expect(verdict(any, { name: 'curl' })).toBe('unknown: version-missing');
  });
});

describe('an advisory by package URL', () => {
  const advisory = readOsv(
    {
      id: 'GHSA-xxxx-yyyy-zzzz',
      aliases: ['CVE-2026-1111'],
      modified: '2026-01-01T00:00:00Z',
      affected: [
        {
          package: { ecosystem: 'npm', name: '@scope/thing' },
          ranges: [
            {
              type: 'SEMVER',
              events: [
                { introduced: '0' },
                { fixed: '1.2.3' },
                { introduced: '2.0.0' },
                { last_affected: '2.1.0' },
              ],
            },
          ],
          versions: ['3.0.0-odd'],
        },
      ],
    },
    'osv',
  ).vulnerabilities[0] as Vulnerability;

  it.each([
    ['0.1.0', 'affected'],
    ['1.2.3-rc.1', 'affected'],
    ['1.2.3', 'not-affected'],
    ['2.0.0', 'affected'],
    ['2.1.0', 'affected'],
    ['2.1.1', 'not-affected'],
    ['3.0.0-odd', 'affected'],
    ['latest', 'unknown: version-unparsed'],
  ])('of %s says %s', (version, expected) => {
    expect(verdict(advisory, { purl: `pkg:npm/%40scope/thing@${version}` })).toBe(expected);
  });

  it('without a version says unknown, and of another package nothing', () => {
    expect(verdict(advisory, { purl: 'pkg:npm/%40scope/thing' })).toBe('unknown: version-missing');
    expect(verdict(advisory, { purl: 'pkg:npm/thing@0.1.0' })).toBe('not-affected');
    expect(verdict(advisory, { purl: 'pkg:pypi/thing@0.1.0' })).toBe('not-affected');
  });

  it('orders Debian’s versions as Debian does', () => {
    const [debian] = readOsv(
      {
        id: 'DSA-1-1',
        modified: '2026-01-01T00:00:00Z',
        affected: [
          {
            package: { ecosystem: 'Debian:12', name: 'openssl' },
            ranges: [{ type: 'ECOSYSTEM', events: [{ introduced: '0' }, { fixed: '3.0.9-1' }] }],
          },
        ],
      },
      'osv',
    ).vulnerabilities as [Vulnerability];
    const of = (version: string) => verdict(debian, { purl: `pkg:deb/debian/openssl@${version}` });
    expect(of('3.0.9~rc1-1')).toBe('affected');
    expect(of('3.0.9-1')).toBe('not-affected');
    expect(of('1:1.0')).toBe('not-affected');
  });
});

it('a product named by an advisory is met by name and maker', () => {
  const named = record([
    {
      by: 'product',
      vendor: 'B. Braun Medical',
      product: 'Space Station',
      range: { endIncluding: 'L81' },
    },
  ]);
  const of = (component: Partial<Component>) => verdict(named, component);
  expect(of({ name: 'SpaceStation', vendor: 'B. Braun', version: 'L80' })).toBe('affected');
  expect(of({ name: 'SpaceStation', vendor: 'B. Braun', version: 'L82' })).toBe('not-affected');
  expect(of({ name: 'SpaceStation', vendor: 'B. Braun' })).toBe('unknown: version-missing');
  expect(of({ name: 'SpaceStation', vendor: 'Other', version: 'L80' })).toBe('not-affected');
  const unread = record([{ by: 'product', vendor: '', product: 'Space', range: undefined }]);
  expect(verdict(unread, { name: 'Space', version: '1' })).toBe('unknown: version-unparsed');
});

it('the index finds whatever judging each pair finds', () => {
  const names = fc.constantFrom('a', 'b', 'open*', '*');
  const versions = fc.constantFrom('1.0', '1.5', '2.0', '*', 'x?', '-');
  const record = fc
    .tuple(names, names, versions, fc.constantFrom('1.2', undefined))
    .map(([vendor, product, version, endExcluding]) =>
      cpeRecord(cpe(`${vendor}:${product}`, version), { endExcluding }),
    );
  const component = fc.record({
    name: fc.constantFrom('a', 'b', 'openx'),
    version: fc.constantFrom('1.0', '2.0', undefined),
    cpe: fc.constantFrom(cpe('a:b', '1.0'), cpe('b:openx', '1.5'), cpe('a:a'), undefined),
  });
  fc.assert(
    fc.property(record, fc.array(component, { maxLength: 5 }), (vulnerability, components) => {
      const bill = billOf(components);
      const all = nameBill([bill.root, ...bill.components]);
      const naive = all.components.filter(
        (each) => judge(vulnerability, each, all).verdict !== 'not-affected',
      );
      const found = matchVulnerability(vulnerability, indexComponents([bill]));
      const refs = (rows: { component: Component }[]) =>
        rows.map((row) => row.component.ref).sort();
      expect(refs(found.map((hit) => hit.component))).toEqual(refs(naive));
    }),
    { numRuns: 2_000 },
  );
});
