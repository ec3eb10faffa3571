import { createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { existsSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { describe, expect, it, onTestFinished } from 'vitest';
import { openBundle } from '../../gateway/bundles/bundle-reader.ts';
import { fingerprintOf, publicKeyOf } from '../../gateway/bundles/bundle-signature.ts';
import { type FeedFile, writeBundle } from '../../gateway/bundles/bundle-writer.ts';
import { GatewayError } from '../../gateway/core/error.ts';
import { importBill } from '../../gateway/exposure/bill-import.ts';
import { stateVex, withdrawVex } from '../../gateway/exposure/vex-keeping.ts';
import { openSiteFeeds } from '../../gateway/exposure/vulnerability-feeds.ts';
import { importBundle } from '../../gateway/exposure/vulnerability-import.ts';
import { asMatched, feedState } from '../../gateway/exposure/vulnerability-list.ts';
import { matchModels } from '../../gateway/exposure/vulnerability-matching.ts';
import { subjectsOf } from '../../gateway/exposure/vulnerability-subjects.ts';
import { loadProfiles } from '../../gateway/site/profiles.ts';
import { openSiteStore } from '../../gateway/site/site.ts';
import { backUpSite } from '../../gateway/site/site-backup.ts';
import { restoreSite } from '../../gateway/site/site-restore.ts';
import { makeSite, temporaryFolder } from '../support/site.ts';
import { fixturePath } from '../support/vulnerabilities.ts';

const now = Date.parse('2026-11-22T12:00:00Z');
const profiles = await loadProfiles();
const dayMs = 86_400_000;
const { privateKey: carrier } = generateKeyPairSync('ed25519');

/** Feeds of two days ago about the firmware of one pump. */
const nvd = (record: unknown, timestamp = '2026-11-20T00:00:00.000') =>
  JSON.stringify({ resultsPerPage: 1, timestamp, vulnerabilities: [{ cve: record }] });
const pumpRecord = JSON.parse(readFileSync(fixturePath('nvd-CVE-2021-33885.json'), 'utf8'));
const kev = (ids: string[], dateReleased = '2026-11-20T00:00:00Z') =>
  JSON.stringify({
    count: ids.length,
    dateReleased,
    vulnerabilities: ids.map((cveID) => ({ cveID, dateAdded: '2026-11-19' })),
  });
const bill = {
  bomFormat: 'CycloneDX',
  specVersion: '1.6',
  metadata: { component: { name: 'Space', version: '1', manufacturer: { name: 'B. Braun' } } },
  components: [
    {
      name: 'SpaceCom2',
      'bom-ref': 'com',
      version: '012u000061',
      cpe: 'cpe:2.3:o:bbraun:spacecom2:012u000061:*:*:*:*:*:*:*',
    },
    { name: 'Station', cpe: 'cpe:2.3:h:bbraun:spacestation_8713142u:-:*:*:*:*:*:*:*' },
  ],
};

type Settings = Parameters<typeof makeSite>[2];

async function site(
  devices = [{ id: 'pump-1', profile: 'bbraun-space' }],
  settings: Settings = {},
) {
  const folder = temporaryFolder('vulnerabilities');
  const directory = join(folder.path, 'site');
  await makeSite(directory, devices, settings, now);
  const { config, store } = openSiteStore(directory);
  const feeds = openSiteFeeds(directory);
  onTestFinished(() => {
    feeds.close();
    store.close();
    folder.remove();
  });
  const write = (name: string, content: string | Buffer) => {
    const path = join(folder.path, name);
    writeFileSync(path, content);
    return path;
  };
  const trust = (key: KeyObject) => {
    const pem = key.export({ type: 'pkcs8', format: 'pem' }).toString();
    const publicKey = publicKeyOf(pem, 'key');
    store.bundleKeys.add({
      fingerprint: fingerprintOf(publicKey),
      publicKey: publicKey.export({ type: 'spki', format: 'pem' }).toString(),
      actor: 'test',
      trustedAt: now,
    });
  };
  let bundles = 0;
  const bundle = async (feedFiles: FeedFile[], key = carrier) => {
    bundles += 1;
    const path = join(folder.path, `${bundles}.bundle`);
    await writeBundle({ path, feeds: feedFiles, key, madeAt: now, onEntries: () => undefined });
    return path;
  };
  const take = async (path: string) => {
    const report = await importBundle({
      ...{ store, feeds, path, actor: 'test', now: () => now, onEntries: () => undefined },
    });
    matchModels(store, feeds, profiles.values(), now);
    return report;
  };
  const list = async (id: string) => {
    const subjects = await subjectsOf(store, config, directory, now);
    return subjects.find((each) => each.id === id)?.list() ?? [];
  };
  const code = async (work: Promise<unknown>) => {
    const error = await work.then(
      () => undefined,
      (cause: unknown) => cause,
    );
    return error instanceof GatewayError ? error.code : error;
  };
  const lastAct = () => store.audit.list((store.audit.last()?.sequence ?? 1) - 1, 1)[0];
  return { store, feeds, directory, write, trust, bundle, take, list, code, lastAct };
}

type Site = Awaited<ReturnType<typeof site>>;

/** A site that knows what the pump is made of, and believes the carrier. */
async function pumpSite(devices?: { id: string; profile: string }[], settings?: Settings) {
  const it = await site(devices, settings);
  it.trust(carrier);
  const path = it.write('bill.json', JSON.stringify(bill));
  importBill(it.store, profiles, { path, model: 'bbraun-space', actor: 'test', now });
  return it;
}

const usual = (it: Site, ids = ['CVE-2021-33885']) =>
  it.bundle([
    { kind: 'nvd', path: it.write('nvd.json', nvd(pumpRecord)) },
    { kind: 'kev', path: it.write('kev.json', kev(ids)) },
    {
      kind: 'epss',
      path: it.write(
        'epss.csv.gz',
        gzipSync(
          '#score_date:2026-11-20T00:00:00+0000\ncve,epss,percentile\nCVE-2021-33885,0.5,0.9\n',
        ),
      ),
    },
  ]);

describe('a bundle', () => {
  it('says of a pump what affects it, how bad, what to do and until when', async () => {
    const it = await pumpSite();
    const report = await it.take(await usual(it));
    expect(report).toMatchObject({ entries: 3, badEntries: 0 });
    const [row, ...others] = await it.list('pump-1');
    expect(others).toEqual([]);
    expect(row).toMatchObject({
      id: 'CVE-2021-33885',
      verdict: 'affected',
      status: 'affected',
      cvss: { version: '3.1', environmental: 10 },
      epss: 0.5,
      exploitedSince: Date.parse('2026-11-19'),
      // Exploited, automatable, total; a monitor of class IIb.
      ssvc: 'act',
      deadline: { days: 3, isForensicsNeeded: true, dueAt: now + 3 * dayMs },
      assumed: ['exposure'],
    });
    expect(feedState(it.store.vulnerabilities.feeds(), now)).toBe('fresh');
    expect(feedState(it.store.vulnerabilities.feeds(), now + 6 * dayMs)).toBe('stale');
    expect(row && asMatched(row)).toMatchObject({ match: 'affected', isKnownExploited: true });
    expect(it.lastAct()).toMatchObject({
      action: 'vulnerability.import',
      outcome: 'success',
    });
  });

  it('is refused whole without a trusted signature', async () => {
    const it = await site();
    const path = await usual(it);
    expect(await it.code(it.take(path))).toBe('bundle-signature');
    it.trust(generateKeyPairSync('ed25519').privateKey);
    expect(await it.code(it.take(path))).toBe('bundle-signature');
    expect(it.store.vulnerabilities.feeds()).toEqual([]);
    expect(it.lastAct()).toMatchObject({ outcome: 'failure', detail: 'bundle-signature' });
    it.trust(carrier);
    await it.take(path);
    expect(it.store.vulnerabilities.feeds()).toHaveLength(3);
  });

  it('is refused whole with any byte of it changed, or cut off anywhere', async () => {
    const it = await pumpSite();
    const whole = readFileSync(await usual(it));
    const outcomes = new Set<unknown>();
    for (let at = 0; at < whole.length; at += 7) {
      const changed = Buffer.from(whole);
      changed[at] = (changed[at] ?? 0) ^ 1;
      outcomes.add(await it.code(it.take(it.write('changed.bundle', changed))));
      const cut = it.write('cut.bundle', whole);
      truncateSync(cut, at);
      outcomes.add(await it.code(it.take(cut)));
    }
    expect([...outcomes].sort()).toEqual(['bundle-damaged', 'bundle-signature']);
    expect(it.store.vulnerabilities.feeds()).toEqual([]);
    expect([...it.feeds.named(['cpe:bbraun:spacecom2'])]).toEqual([]);
  });

  it('is hashed before any of it is unpacked, and again while it is', async () => {
    const it = await pumpSite();
    const path = await usual(it);
    const key = createPublicKey(carrier);
    const trusted = new Map([[fingerprintOf(key), key]]);
    const whole = readFileSync(path);
    const changed = Buffer.from(whole);
    changed[whole.length - 20] = (changed[whole.length - 20] ?? 0) ^ 1;
    const bad = it.write('bad.bundle', changed);
    expect(await it.code(openBundle(bad, trusted))).toBe('bundle-damaged');
    // Somebody writes into it after it was believed.
    const opened = await openBundle(path, trusted);
    writeFileSync(path, changed);
    const readAll = async () => {
      for await (const line of opened.lines()) expect(line).toBeDefined();
    };
    expect(await it.code(readAll())).toBe('bundle-damaged');
    await opened.close();
  });

  it('is not made of a feed that is cut in half', async () => {
    const it = await site();
    const feeds = {
      nvd: nvd(pumpRecord),
      kev: kev(['CVE-2021-33885', 'CVE-2021-44228']),
      epss: '#score_date:2026-11-20\ncve,epss,percentile\nCVE-2021-33885,0.5,0.9\n',
      csaf: readFileSync(fixturePath('icsma-21-294-01.json'), 'utf8'),
    } as const;
    for (const [kind, text] of Object.entries(feeds) as [keyof typeof feeds, string][]) {
      for (const half of [text.slice(0, text.length / 2), text.slice(0, -2)]) {
        const path = it.write(`${kind}.json`, half);
        expect([kind, await it.code(it.bundle([{ kind, path }]))]).toEqual([kind, 'feed-damaged']);
      }
    }
    const zipped = gzipSync(feeds.nvd);
    const path = it.write('nvd.json.gz', zipped.subarray(0, zipped.length - 9));
    expect(await it.code(it.bundle([{ kind: 'nvd', path }]))).toBe('feed-damaged');
    const short = it.write('kev.json', feeds.kev.replace('"count":2', '"count":3'));
    expect(await it.code(it.bundle([{ kind: 'kev', path: short }]))).toBe('feed-damaged');
  });

  it('names each bad entry, and takes the others', async () => {
    const it = await pumpSite();
    const text = JSON.stringify({
      resultsPerPage: 3,
      vulnerabilities: [{ cve: pumpRecord }, { cve: { id: 'CVE-2020-1' } }, 7],
    });
    const report = await it.take(
      await it.bundle([{ kind: 'nvd', path: it.write('n.json', text) }]),
    );
    expect(report).toMatchObject({ entries: 3, badEntries: 2 });
    expect(report.problems[0]).toContain('CVE-2020-1');
    expect(await it.list('pump-1')).toHaveLength(1);
    // It says nothing of its age, and there is no list of exploited ones: never taken for fresh.
    expect(feedState(it.store.vulnerabilities.feeds(), now)).toBe('missing');
  });

  it('does not bring back an older list', async () => {
    const it = await pumpSite();
    await it.take(await usual(it));
    const older = it.write('kev-old.json', kev([], '2026-11-01T00:00:00Z'));
    const report = await it.take(await it.bundle([{ kind: 'kev', path: older }]));
    expect(report.feeds).toMatchObject([{ isOlder: true }]);
    expect((await it.list('pump-1'))[0]?.exploitedSince).toBeDefined();
    const newer = it.write('kev-new.json', kev([], '2026-11-21T00:00:00Z'));
    await it.take(await it.bundle([{ kind: 'kev', path: newer }]));
    expect((await it.list('pump-1'))[0]?.exploitedSince).toBeUndefined();
  });
});

const closing = {
  vulnerability: 'CVE-2021-33885',
  component: 'cpe:2.3:o:bbraun:spacecom2:012u000061:*:*:*:*:*:*:*',
  model: 'bbraun-space',
  status: 'not_affected',
  justification: 'vulnerable_code_not_present',
  detail: 'the module is not fitted',
} as const;

describe('a false positive that was closed', () => {
  const later = now + dayMs;

  it('stays closed: after the same feed, a new one, and for another device of that model', async () => {
    const it = await pumpSite([
      { id: 'pump-1', profile: 'bbraun-space' },
      { id: 'pump-2', profile: 'bbraun-space' },
    ]);
    const path = await usual(it);
    await it.take(path);
    const { sequence } = stateVex(it.store, profiles, closing, 'anna', later);
    const statuses = async () =>
      (await Promise.all(['pump-1', 'pump-2'].map(it.list))).map(([row]) => row?.status);
    expect(await statuses()).toEqual(['not_affected', 'not_affected']);
    await it.take(path);
    const changed = { ...pumpRecord, lastModified: '2026-11-21T00:00:00.000' };
    const feed = it.write('new.json', nvd(changed, '2026-11-21T00:00:00.000'));
    await it.take(await it.bundle([{ kind: 'nvd', path: feed }]));
    expect(await statuses()).toEqual(['not_affected', 'not_affected']);
    expect(it.store.audit.list(0, 1_000)).toContainEqual(
      expect.objectContaining({ action: 'vulnerability.state', actor: 'anna' }),
    );
    withdrawVex(it.store, sequence, 'berta', later);
    expect(await statuses()).toEqual(['affected', 'affected']);
    expect(it.lastAct()).toMatchObject({
      action: 'vulnerability.withdraw',
      actor: 'berta',
    });
    expect(() => withdrawVex(it.store, sequence, 'berta', later)).toThrow(GatewayError);
  });

  it('is open again by a maker’s later statement, and not by an earlier one', async () => {
    const it = await pumpSite();
    await it.take(await usual(it));
    stateVex(it.store, profiles, closing, 'anna', now);
    const says = (timestamp: string, status: string) => ({
      kind: 'openvex' as const,
      path: it.write(
        `${timestamp.slice(0, 10)}.json`,
        JSON.stringify({
          '@id': `https://example.com/${timestamp}`,
          author: 'Maker',
          timestamp,
          statements: [
            {
              vulnerability: { name: closing.vulnerability },
              products: [{ '@id': closing.component }],
              status,
            },
          ],
        }),
      ),
    });
    const status = async () => (await it.list('pump-1'))[0]?.status;
    await it.take(await it.bundle([says('2026-11-21T00:00:00Z', 'affected')]));
    expect(await status()).toBe('not_affected');
    await it.take(await it.bundle([says('2026-11-22T13:00:00Z', 'affected')]));
    expect(await status()).toBe('affected');
    const report = await it.take(await it.bundle([says('2027-11-22T13:00:00Z', 'not_affected')]));
    expect(report.problems[0]).toContain('of the future');
    expect(await status()).toBe('affected');
  });

  it('is refused without saying why, or for all versions at once as fixed', async () => {
    const it = await pumpSite();
    const attempt = (change: object) => () =>
      stateVex(it.store, profiles, { ...closing, ...change }, 'anna', now);
    expect(attempt({ justification: undefined })).toThrow('justification');
    expect(attempt({ status: 'fixed', component: 'SpaceCom2' })).toThrow('version');
    expect(attempt({ component: 'pkg:::' })).toThrow('package URL');
    expect(attempt({ model: 'no-such-profile' })).toThrow(GatewayError);
    expect(attempt({ vulnerability: 'all' })).toThrow('number');
  });
});

it('a serial line of this machine cuts the way by IP, one over the network does not', async () => {
  const lines = [{ path: '/dev/serial/by-id/pump' }, { tcp: '10.0.0.9:4001' }];
  const rows = [];
  for (const line of lines) {
    const serial = [{ device: 'pump-1', ...line }] as NonNullable<Settings>['serial'];
    const it = await pumpSite(undefined, { serial });
    await it.take(await usual(it, []));
    rows.push(...(await it.list('pump-1')));
  }
  expect(rows).toMatchObject([
    {
      mitigation: {
        kind: 'isolation',
        evidence: [expect.stringContaining('it is read from /dev/serial/by-id/pump')],
      },
      // Not exposed, automatable, total; and not exploited.
      deadline: { days: 60 },
      assumed: [],
    },
    { mitigation: undefined, deadline: { days: 3 }, assumed: ['exposure'] },
  ]);
});

it('the gateway is in the list itself, with what it is compiled with', async () => {
  const it = await site();
  it.trust(carrier);
  const record = {
    ...pumpRecord,
    id: 'CVE-2026-9999',
    configurations: [
      {
        nodes: [
          {
            operator: 'OR',
            cpeMatch: [
              {
                vulnerable: true,
                criteria: 'cpe:2.3:a:nodejs:node.js:*:*:*:*:*:*:*:*',
                versionEndExcluding: '99.0',
              },
            ],
          },
        ],
      },
    ],
  };
  await it.take(await it.bundle([{ kind: 'nvd', path: it.write('n.json', nvd(record)) }]));
  expect(await it.list('_gateway')).toMatchObject([
    { id: 'CVE-2026-9999', verdict: 'affected', component: { name: 'node' } },
  ]);
});

it('a backup leaves the feeds out, and keeps what people said', async () => {
  const site = await pumpSite();
  await site.take(await usual(site));
  stateVex(site.store, profiles, closing, 'anna', now);
  const [file, directory] = [`${site.directory}.backup`, `${site.directory}-restored`];
  const { signal } = new AbortController();
  const passphrase = 'four unrelated words here';
  const options = { file, passphrase, now: () => now };
  await backUpSite({ ...options, directory: site.directory, onProgress: () => undefined, signal });
  await restoreSite({ ...options, directory });
  expect(existsSync(join(directory, 'store/feeds.db'))).toBe(false);
  const { store } = openSiteStore(directory);
  onTestFinished(() => store.close());
  expect(store.vexMemory.list()).toMatchObject([{ author: 'anna', status: 'not_affected' }]);
  expect(store.vulnerabilities.matches('bbraun-space')).toHaveLength(1);
});

it('what the feeds say lies encrypted on the disk', async () => {
  const site = await pumpSite();
  await site.take(await usual(site));
  site.feeds.close();
  expect(readFileSync(join(site.directory, 'store/feeds.db')).includes('spacecom2')).toBe(false);
});
