import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ownBillDocument } from '../../../gateway/exposure/own-bill.ts';
import { readCycloneDx } from '../../../gateway/vulnerabilities/bills/cyclone-dx.ts';
import { ownBill } from '../../../gateway/vulnerabilities/bills/own-bill.ts';
import { readSpdx } from '../../../gateway/vulnerabilities/bills/spdx.ts';
import { parseCpe } from '../../../gateway/vulnerabilities/cpe.ts';
import { readOpenVex } from '../../../gateway/vulnerabilities/feeds/open-vex.ts';
import { openVexDocument } from '../../../gateway/vulnerabilities/open-vex-document.ts';

const fallback = { ref: 'model:pump', name: 'Pump', vendor: 'Maker' };

describe('CycloneDX', () => {
  const document = {
    bomFormat: 'CycloneDX',
    specVersion: '1.4',
    serialNumber: 'urn:uuid:3e671687-395b-41f5-a30f-a58921a69b79',
    metadata: { component: { name: 'Pump OS', version: '4', supplier: { name: 'Maker GmbH' } } },
    components: [
      { 'bom-ref': 'a', name: 'a', version: '1', components: [{ name: 'b', group: 'org' }] },
      { 'bom-ref': 'a', name: 'again', purl: 'no package URL', cpe: 'cpe:nonsense' },
      { version: '3' },
    ],
  };
  const reading = readCycloneDx(document, fallback);
  if ('refused' in reading) throw new Error(reading.refused);

  it('is read with parts of parts; each has a ref of its own', () => {
    expect(reading.bill).toMatchObject({
      format: 'CycloneDX 1.4',
      root: { name: 'Pump OS', version: '4', vendor: 'Maker GmbH' },
      components: [
        { ref: 'a', name: 'a', version: '1' },
        { ref: 'b@', name: 'b', vendor: 'org' },
        { ref: 'a#2', name: 'again' },
      ],
    });
  });

  it('names what could not be read, and leaves its bad names out', () => {
    expect(reading.problems).toEqual([
      expect.stringContaining('component 4: name'),
      'again: its package URL cannot be read',
      'again: its CPE cannot be read',
    ]);
    expect(reading.bill.components[2]).not.toHaveProperty('purl');
  });

  it('without a component of its own is the model itself', () => {
    const bare = readCycloneDx({ bomFormat: 'CycloneDX', specVersion: '1.7' }, fallback);
    expect(bare).toMatchObject({ bill: { root: fallback, components: [] } });
  });

  it.each([
    null,
    7,
    [],
    {},
    { bomFormat: 'CycloneDX', specVersion: '1.1', components: [] },
    { bomFormat: 'CycloneDX', specVersion: '1.6', components: 'many' },
  ])('%j is refused', (each) => {
    expect(readCycloneDx(each, fallback)).toHaveProperty('refused');
  });

  it('nested without end is bounded', () => {
    let component: object = { name: 'inner' };
    for (let depth = 0; depth < 1_000; depth += 1)
      component = { name: 'x', components: [component] };
    const deep = { bomFormat: 'CycloneDX', specVersion: '1.6', components: [component] };
    const { problems = [] } = readCycloneDx(deep, fallback) as { problems?: string[] };
    expect(problems).toEqual(['components below level 32 were not read']);
  });
});

describe('SPDX', () => {
  const document = {
    spdxVersion: 'SPDX-2.3',
    documentDescribes: ['SPDXRef-root'],
    packages: [
      {
        SPDXID: 'SPDXRef-root',
        name: 'Pump OS',
        versionInfo: '4',
        supplier: 'Organization: M (a@b)',
      },
      {
        SPDXID: 'SPDXRef-1',
        name: 'openssl',
        versionInfo: 'NOASSERTION',
        externalRefs: [
          { referenceType: 'purl', referenceLocator: 'pkg:deb/debian/openssl@3.0.9-1' },
          {
            referenceType: 'cpe23Type',
            referenceLocator: 'cpe:2.3:a:openssl:openssl:3.0.9:*:*:*:*:*:*:*',
          },
        ],
      },
      { name: 'without an id' },
    ],
  };

  it('is read with what it describes as the device', () => {
    const reading = readSpdx(document, fallback);
    expect(reading).toMatchObject({
      bill: {
        format: 'SPDX 2.3',
        root: { name: 'Pump OS', version: '4', vendor: 'M' },
        components: [
          {
            name: 'openssl',
            purl: 'pkg:deb/debian/openssl@3.0.9-1',
            cpe: 'cpe:2.3:a:openssl:openssl:3.0.9:*:*:*:*:*:*:*',
          },
        ],
      },
      problems: [expect.stringContaining('package 3')],
    });
    expect(JSON.stringify(reading)).not.toContain('NOASSERTION');
  });

  it('of another version, or no SPDX at all, is refused', () => {
    expect(readSpdx({ ...document, spdxVersion: 'SPDX-1.0' }, fallback)).toHaveProperty('refused');
    expect(readSpdx({ spdxVersion: 'SPDX-2.3' }, fallback)).toHaveProperty('refused');
  });
});

it('bills are never read with a throw', () => {
  const part = fc.record({ name: fc.anything(), purl: fc.string(), cpe: fc.string() });
  fc.assert(
    fc.property(fc.array(fc.oneof(part, fc.jsonValue())), (components) => {
      readCycloneDx({ bomFormat: 'CycloneDX', specVersion: '1.6', components }, fallback);
      readSpdx({ spdxVersion: 'SPDX-2.3', packages: components }, fallback);
    }),
  );
});

describe('the gateway’s own bill', () => {
  const document = ownBillDocument() as {
    serialNumber: string;
    components: { name: string; version: string; purl?: string; cpe?: string }[];
  };

  it('is the same each time, and readable by itself', () => {
    expect(JSON.stringify(ownBillDocument())).toBe(JSON.stringify(document));
    expect(document.serialNumber).toMatch(
      /^urn:uuid:[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/,
    );
    const reading = readCycloneDx(document, fallback);
    expect(reading).toMatchObject({ problems: [], bill: { root: { name: 'wardgate' } } });
  });

  it('holds every dependency, what is compiled in, and no tool of development', () => {
    const root = join(import.meta.dirname, '../../..');
    const { dependencies, devDependencies } = JSON.parse(
      readFileSync(join(root, 'package.json'), 'utf8'),
    ) as Record<string, Record<string, string>>;
    const purls = document.components.map(({ purl }) => purl);
    for (const [name, version] of Object.entries(dependencies ?? {})) {
      expect(purls).toContain(`pkg:npm/${name.replace('@', '%40')}@${version}`);
    }
    expect(purls).not.toContain(`pkg:npm/vitest@${devDependencies?.['vitest']}`);
    const cpes = document.components.flatMap(({ cpe }) => cpe ?? []);
    expect(cpes).toContain(`cpe:2.3:a:nodejs:node.js:${process.versions.node}:*:*:*:*:*:*:*`);
    for (const name of ['openssl', 'sqlite', 'zlib']) {
      expect(cpes.some((each) => parseCpe(each)?.product === name)).toBe(true);
    }
  });

  it('changes its number with what is installed', () => {
    const lock = {
      lockfileVersion: 3,
      packages: {
        '': {},
        'node_modules/a': { version: '1.0.0' },
        'node_modules/b': { version: '2.0.0' },
      },
    };
    const bill = (isInstalled: (path: string) => boolean) =>
      ownBill({ lock, version: '1.0.0', isInstalled, builtIn: {} }) as typeof document;
    const [all, one] = [bill(() => true), bill((path) => path.endsWith('a'))];
    expect([all.components.length, one.components.length]).toEqual([2, 1]);
    expect(all.serialNumber).not.toBe(one.serialNumber);
  });
});

it('statements that are exported are read again as they were said', () => {
  const statement = {
    vulnerability: 'CVE-2026-0001',
    model: 'pump',
    product: { purl: 'pkg:npm/x@1.0.0' },
    status: 'not_affected',
    justification: 'vulnerable_code_not_present',
    detail: 'not fitted',
    at: Date.parse('2026-11-22T12:00:00Z'),
    author: 'anna',
    source: 'site',
  } as const;
  const document = openVexDocument([statement], {
    id: 'urn:x',
    author: 'ward-3b',
    at: statement.at,
  });
  const { statements, problems } = readOpenVex(JSON.parse(JSON.stringify(document)), 'ward.json');
  expect(problems).toEqual([]);
  const { model, ...said } = statement;
  expect(statements).toEqual([
    { ...said, component: undefined, author: 'ward-3b', source: 'urn:x' },
  ]);
});
