import { spawnSync } from 'node:child_process';
import { createPublicKey, generateKeyPairSync } from 'node:crypto';
import { createWriteStream, statSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { z } from 'zod';
import { fingerprintOf } from '../gateway/bundles/bundle-signature.ts';
import { writeBundle } from '../gateway/bundles/bundle-writer.ts';
import type { Bill, Vulnerability } from '../gateway/core/vulnerability.ts';
import { createSite, openSiteStore } from '../gateway/site/site.ts';
import { readNvd } from '../gateway/vulnerabilities/feeds/nvd.ts';
import { judge, nameBill } from '../gateway/vulnerabilities/judge.ts';
import { indexComponents, matchVulnerability } from '../gateway/vulnerabilities/matching.ts';
import { loadNow } from './machine.ts';
import { rounded } from './median.ts';
import type { Bench, Question, Row } from './question.ts';
import { components, nvdRecords } from './vulnerability-records.ts';

const records = 300_000;
const parts = 1_000;
/** The plain loop over all pairs takes too long to be run to its end. */
const sampled = 1_000;
const seed = 7;
const model = 'bbraun-space';

export const vulnerabilities: Question = {
  name: 'vulnerabilities',
  summary:
    '300,000 vulnerabilities against 1,000 components: seconds, memory, beside a plain loop.',

  async ask(bench) {
    const load = loadNow();
    const bill: Bill = {
      ...{ model, format: 'CycloneDX 1.6', sha256: '', importedAt: 0 },
      root: { ref: 'root', name: 'bench' },
      components: components(parts, seed),
    };
    bench.remark('  in memory');
    const inMemory = matchAll(bill);
    bench.remark('  the plain loop, on a sample');
    const plain = matchPlainly(bill);
    bench.remark('  a bundle: made, imported, matched');
    const imported = await importAll(bench, bill);
    const notes = [
      `load average before: ${load}; one run; records by seed ${seed} in the shape of NVD’s`,
      `the plain loop judges every pair; measured on ${sampled} records, and multiplied`,
      `in memory: CPU time of matching alone; import: wall time of a process of its own, with signature, SQLite and sync`,
      `bundle: ${rounded(imported.bundleMb)} MB; peak memory of the import: ${rounded(imported.peakMb)} MB`,
    ];
    const rows: Row[] = [
      row('matched by keys, in memory', inMemory.seconds, inMemory.hits, plain.seconds),
      row('plain loop over all pairs', plain.seconds, '', plain.seconds),
      row('imported into the site', imported.importSeconds, '', plain.seconds),
      row('matched from the site', imported.matchSeconds, imported.hits, plain.seconds),
    ];
    return [{ title: `${records} vulnerabilities, ${parts} components`, rows, notes }];
  },
};

function row(way: string, seconds: number, hits: number | string, plainSeconds: number): Row {
  return {
    way,
    seconds: rounded(seconds),
    'affected or unknown': hits,
    'times faster than the loop': rounded(plainSeconds / seconds, 2),
  };
}

function matchAll(bill: Bill): { seconds: number; hits: number } {
  const index = indexComponents([bill]);
  let [seconds, hits] = [0, 0];
  for (const portion of portions(1_000)) {
    seconds += cpuSeconds(() => {
      for (const each of portion) hits += matchVulnerability(each, index).length;
    });
  }
  return { seconds, hits };
}

function matchPlainly({ root, components: all }: Bill): { seconds: number } {
  const named = nameBill([root, ...all]);
  const [sample = []] = portions(sampled);
  const seconds = cpuSeconds(() => {
    for (const vulnerability of sample) {
      for (const component of named.components) judge(vulnerability, component, named);
    }
  });
  return { seconds: (seconds * records) / sampled };
}

/** Never all of them at once: what is measured is to be bounded, and so is the measuring. */
function* portions(size: number): Iterable<readonly Vulnerability[]> {
  let portion: Vulnerability[] = [];
  for (const record of nvdRecords(records, seed)) {
    portion.push(...readNvd(record, 'bench').vulnerabilities);
    if (portion.length < size) continue;
    yield portion;
    portion = [];
  }
}

function cpuSeconds(work: () => void): number {
  const before = process.cpuUsage();
  work();
  return process.cpuUsage(before).user / 1e6;
}

const Took = z.object({
  importSeconds: z.number(),
  matchSeconds: z.number(),
  peakMb: z.number(),
  affected: z.number(),
  unknown: z.number(),
});

async function importAll(bench: Bench, bill: Bill) {
  const directory = join(bench.directory, 'vulnerable-site');
  const [feed, bundle] = ['nvd.json', 'bundle'].map((name) => join(bench.directory, name)) as [
    string,
    string,
  ];
  await createSite({ directory, name: 'bench', hosts: ['localhost'], now: Date.now() });
  const { privateKey: key } = generateKeyPairSync('ed25519');
  const publicKey = createPublicKey(key);
  const { store } = openSiteStore(directory);
  store.vulnerabilities.setBill(bill);
  store.bundleKeys.add({
    fingerprint: fingerprintOf(publicKey),
    publicKey: publicKey.export({ type: 'spki', format: 'pem' }).toString(),
    actor: 'bench',
    trustedAt: Date.now(),
  });
  store.close();
  await pipeline(Readable.from(feedText()), createWriteStream(feed));
  const feeds = [{ kind: 'nvd', path: feed }] as const;
  await writeBundle({ path: bundle, feeds, key, madeAt: Date.now(), onEntries: () => undefined });
  const script = join(import.meta.dirname, 'vulnerability-import.ts');
  const child = spawnSync(process.execPath, [script, directory, bundle], { encoding: 'utf8' });
  if (child.status !== 0) throw new Error(child.stderr);
  const { affected, unknown, ...took } = Took.parse(JSON.parse(child.stdout));
  return { ...took, hits: affected + unknown, bundleMb: statSync(bundle).size / 1e6 };
}

function* feedText(): Iterable<string> {
  yield '{"timestamp":"2026-11-20T00:00:00.000","vulnerabilities":[';
  let separator = '';
  for (const cve of nvdRecords(records, seed)) {
    yield `${separator}${JSON.stringify({ cve })}`;
    separator = ',';
  }
  yield ']}';
}
