import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { feedKinds } from '../../../gateway/core/vulnerability.ts';
import { readCsaf } from '../../../gateway/vulnerabilities/feeds/csaf.ts';
import { readEntry } from '../../../gateway/vulnerabilities/feeds/entry.ts';
import { readEpss } from '../../../gateway/vulnerabilities/feeds/epss.ts';
import { readNvd } from '../../../gateway/vulnerabilities/feeds/nvd.ts';
import { rangeOfText } from '../../../gateway/vulnerabilities/feeds/version-text.ts';
import { vulnerabilityFixture } from '../../support/vulnerabilities.ts';

const advisory = vulnerabilityFixture('icsma-21-294-01.json');
const nvdRecord = vulnerabilityFixture('nvd-CVE-2021-33885.json');

describe('a CISA advisory for a pump', () => {
  const told = readCsaf(advisory, 'icsma');

  it('says five vulnerabilities of five products, and all of them was read', () => {
    expect(told.problems).toEqual([]);
    expect(told.vulnerabilities.map(({ id }) => id)).toEqual([
      'CVE-2021-33886',
      'CVE-2021-33885',
      'CVE-2021-33882',
      'CVE-2021-33883',
      'CVE-2021-33884',
    ]);
    const [first] = told.vulnerabilities;
    expect(first).toMatchObject({
      source: 'csaf:ICSMA-21-294-01',
      vectors: ['CVSS:3.0/AV:A/AC:H/PR:N/UI:N/S:U/C:H/I:H/A:N'],
      isWithdrawn: false,
    });
    expect(first?.affected).toContainEqual({
      by: 'product',
      vendor: 'B. Braun Medical',
      product: 'SpaceStation with SpaceCom 2',
      range: { endIncluding: 'L81' },
    });
  });

  it('keeps a range in free words as one that was not read', () => {
    const [first] = told.vulnerabilities;
    const ways = first?.affected.filter((way) => way.by === 'product' && way.range === undefined);
    expect(ways).toMatchObject([{ product: 'Data module compactPlus' }]);
    // And nobody is told anything of it that would reach further than it says.
    expect(told.statements.map(({ product }) => product.name)).not.toContain(
      'Data module compactPlus',
    );
  });
});

it('reports each unreadable vulnerability of a document, and takes the others', () => {
  const broken = structuredClone(advisory) as { vulnerabilities: { cve?: string }[] };
  (broken.vulnerabilities[0] as { cve: unknown }).cve = 7;
  delete broken.vulnerabilities[1]?.cve;
  const { vulnerabilities, problems } = readCsaf(broken, 'icsma');
  expect(vulnerabilities).toHaveLength(3);
  expect(problems).toHaveLength(2);
  expect(problems[0]).toContain('vulnerability 1');
  expect(problems[1]).toContain('neither a CVE number');
});

it('an NVD record that says a CPE nobody can read is reported by its number', () => {
  const broken = structuredClone(nvdRecord) as Record<'configurations', unknown>;
  broken.configurations = [
    { nodes: [{ cpeMatch: [{ vulnerable: true, criteria: 'cpe:nonsense' }] }] },
  ];
  const { vulnerabilities, problems } = readNvd(broken, 'nvdcve.json');
  expect(vulnerabilities).toEqual([]);
  expect(problems[0]).toMatch(/^CVE-2021-33885 of nvdcve\.json: .*no CPE 2\.3$/);
});

describe('CycloneDX VEX of CISA’s use case 6', () => {
  const { statements, problems } = readEntry['cyclonedx-vex'](
    vulnerabilityFixture('cyclonedx-vex.json'),
    'cyclonedx-vex.json',
  );
  it('says each version its own status', () => {
    expect(problems).toEqual([]);
    const said = statements.map(({ product, status }) => [
      product.version ?? product.range,
      status,
    ]);
    expect(said).toContainEqual(['2.4', 'affected']);
    expect(said).toContainEqual([{ startIncluding: '2.9', endIncluding: '4.1' }, 'affected']);
    expect(said.filter(([, status]) => status === 'not_affected').length).toBeGreaterThan(0);
  });
});

it('OpenVEX names products and their parts', () => {
  const { statements, problems } = readEntry.openvex(
    {
      '@context': 'https://openvex.dev/ns/v0.2.0',
      '@id': 'https://example.com/vex-1',
      author: 'Maker PSIRT',
      timestamp: '2026-02-01T00:00:00Z',
      version: 1,
      statements: [
        {
          vulnerability: { name: 'CVE-2026-0001' },
          products: [
            { '@id': 'pkg:generic/pump@2.0', subcomponents: [{ '@id': 'pkg:npm/x@1.0.0' }] },
          ],
          status: 'not_affected',
          justification: 'vulnerable_code_not_present',
        },
        { vulnerability: { name: 'CVE-2026-0002' }, products: [{}], status: 'perhaps' },
      ],
    },
    'maker.json',
  );
  expect(statements).toEqual([
    {
      vulnerability: 'CVE-2026-0001',
      product: { purl: 'pkg:generic/pump@2.0' },
      component: { purl: 'pkg:npm/x@1.0.0' },
      status: 'not_affected',
      justification: 'vulnerable_code_not_present',
      detail: '',
      at: Date.parse('2026-02-01T00:00:00Z'),
      author: 'Maker PSIRT',
      source: 'https://example.com/vex-1',
    },
  ]);
  expect(problems).toHaveLength(1);
});

it.each([
  ['CVE-2021-33885,0.0558,0.92614', 0.0558],
  ['CVE-2021-33885,1,1', 1],
  ['CVE-2021-33885,9.1e-05,0.1', 9.1e-5],
])('an EPSS row %s', (row, epss) => {
  expect(readEpss(row, 'epss.csv').likelihoods).toEqual([{ id: 'CVE-2021-33885', epss }]);
});

it.each([
  '',
  'CVE-1',
  'CVE-2021-1,,',
  'CVE-2021-1,1.5,0',
  'CVE-2021-1,-0.1,0',
  'CVE-2021-1,0.1',
  'x',
])('an EPSS row %j is reported', (row) => {
  const { likelihoods, problems } = readEpss(row, 'epss.csv');
  expect([likelihoods.length, problems.length]).toEqual([0, 1]);
});

it.each([
  ['<= L81', { endIncluding: 'L81' }],
  ['< rev. 8.3.0', { endExcluding: '8.3.0' }],
  ['vers:generic/>=2.9|<=4.1', { startIncluding: '2.9', endIncluding: '4.1' }],
  ['>= 1.0, < 2.0', { startIncluding: '1.0', endExcluding: '2.0' }],
  ['vers:all/*', {}],
  ['All versions', {}],
  ['A10 < A11', undefined],
  ['<May 2018', undefined],
  ['5.0|5.1', undefined],
  ['< 1.0 | < 2.0', undefined],
  ['', undefined],
])('the range %j', (text, range) => {
  expect(rangeOfText(text)).toEqual(range);
});

/** Anything at all in the place of anything in a real entry. */
function damaged(entry: unknown) {
  return fc.tuple(fc.nat(), fc.jsonValue({ maxDepth: 2 })).map(([at, value]) => {
    let index = 0;
    let target = -1;
    const replace = (_key: string, each: unknown) => {
      index += 1;
      return index === target ? value : each;
    };
    JSON.stringify(entry, replace);
    target = (at % index) + 1;
    index = 0;
    const text = JSON.stringify(entry, replace);
    return text === undefined ? null : (JSON.parse(text) as unknown);
  });
}

describe.each(feedKinds)('an entry of %s', (kind) => {
  const real = {
    nvd: nvdRecord,
    csaf: advisory,
    'cyclonedx-vex': vulnerabilityFixture('cyclonedx-vex.json'),
  };
  const entries = fc.oneof(
    fc.jsonValue(),
    fc.string(),
    damaged(real[kind as keyof typeof real] ?? { id: 'CVE-2026-1', cveID: 'CVE-2026-1' }),
  );

  it('is never read with a throw, and is told or reported', () => {
    fc.assert(
      fc.property(entries, (entry) => {
        const told = readEntry[kind](entry, 'feed');
        for (const problem of told.problems) expect(problem.length).toBeLessThanOrEqual(320);
        for (const { at } of told.statements) expect(Number.isFinite(at)).toBe(true);
      }),
      { numRuns: 200 },
    );
  });
});
