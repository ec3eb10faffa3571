import { createPublicKey } from 'node:crypto';
import { globSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { fingerprintOf, signingKey } from '../../bundles/bundle-signature.ts';
import { type FeedFile, writeBundle } from '../../bundles/bundle-writer.ts';
import { defineCommand, jsonOption } from '../../command.ts';
import { GatewayError } from '../../core/error.ts';

const files = (what: string) =>
  z.array(z.string()).default([]).describe(`${what} A folder is all of its .json files.`);

const progressEvery = 5_000;

export const bundle = defineCommand({
  name: 'bundle',
  summary: 'Packs downloaded feeds into one signed file, on a machine that has the internet.',
  arguments: ['<file>'],
  options: z.strictObject({
    key: z
      .string()
      .describe('File with the Ed25519 key to sign with; made, with its .pub, if it is not there.'),
    nvd: files('NVD 2.0 JSON, .gz or not.'),
    kev: files('CISA’s catalogue of known exploited vulnerabilities, JSON.'),
    epss: files('FIRST’s EPSS scores, CSV, .gz or not.'),
    csaf: files('CSAF 2.0 advisories and VEX, JSON.'),
    openvex: files('OpenVEX documents.'),
    cyclonedxVex: files('CycloneDX documents with an analysis of vulnerabilities.'),
    osv: files('OSV advisories, JSON.'),
    json: jsonOption,
  }),
  example:
    'wardgate vuln bundle week-47.bundle --key carrier.key --nvd nvdcve-2.0-2026.json.gz --kev known_exploited_vulnerabilities.json',

  async run({ arguments: [path = ''], options, print, remark }) {
    const { key: keyPath, json, cyclonedxVex, ...named } = options;
    const feeds = Object.entries({ ...named, 'cyclonedx-vex': cyclonedxVex }).flatMap(
      ([kind, paths]) => paths.flatMap(filesIn).map((file) => ({ kind, path: file }) as FeedFile),
    );
    if (feeds.length === 0) throw new GatewayError('usage', 'name at least one feed');
    const { key, isNew } = signingKey(keyPath);
    const publicKey = createPublicKey(key);
    const { entries } = await writeBundle({
      path,
      feeds,
      key,
      madeAt: Date.now(),
      onEntries(count) {
        if (count % progressEvery === 0) remark(`${count} entries`);
      },
    });
    const fingerprint = fingerprintOf(publicKey);
    if (json) print(JSON.stringify({ path, feeds: feeds.length, entries, key: fingerprint }));
    else {
      print(`${path}: ${feeds.length} feeds, ${entries} entries, signed by ${fingerprint}.`);
      if (isNew) print(`New key. On the gateway, once: wardgate vuln trust ${keyPath}.pub`);
    }
    return 0;
  },
});

function filesIn(path: string): readonly string[] {
  if (!statSync(path, { throwIfNoEntry: false })?.isDirectory()) return [path];
  return globSync('*.json', { cwd: path })
    .sort()
    .map((name) => join(path, name));
}
