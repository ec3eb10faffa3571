import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { defineCommand, dirOption, jsonOption } from '../command.ts';
import { type Threat, type ThreatId, threatIds, threats } from '../core/threat.ts';
import { loadDetectors } from '../policy-maker.ts';

const root = join(import.meta.dirname, '../..');

/** ENISA’s Top 15 that no gateway can see: only what they lead to, a stolen credential in use. */
const unseen = [
  { enisa: 2, title: 'web-based attacks', seenAs: 'D01, D02' },
  { enisa: 3, title: 'phishing', seenAs: 'D01, D02' },
  { enisa: 5, title: 'spam', seenAs: 'D01, D02' },
];

interface Coverage extends Threat {
  readonly id: ThreatId;
  readonly detectors: readonly string[];
  /** Attacks of the corpus that play it against a running gateway, where the sources are. */
  readonly attacks: readonly string[];
  /** Fixtures by which each detector is tested, where the sources are. */
  readonly tests: readonly string[];
}

export default defineCommand({
  name: 'threats',
  summary:
    'The catalogue of detections with its mappings; --coverage says what stands behind each.',
  options: z.strictObject({
    dir: dirOption.describe('Taken as by every command; the catalogue is the same at every site.'),
    coverage: z
      .boolean()
      .default(false)
      .describe('Detectors, attacks and tests that exist here, and what cannot be seen.'),
    json: jsonOption,
  }),
  example: 'wardgate threats --coverage',

  async run({ options: { coverage, json }, print }) {
    const rows = await coverageOf();
    if (json) {
      const catalogue = rows.map(({ detectors, attacks, tests, ...threat }) => threat);
      print(JSON.stringify(coverage ? { threats: rows, unseen } : { threats: catalogue }));
      return 0;
    }
    for (const row of rows) print(coverage ? coverageLine(row) : catalogueLine(row));
    if (!coverage) return 0;
    const covered = rows.filter(({ detectors }) => detectors.length > 0).length;
    print(`${covered} of ${rows.length} detections have a detector.`);
    for (const { enisa, title, seenAs } of unseen) {
      print(
        `ENISA ${enisa}, ${title}: not visible here; its result, a stolen credential, is ${seenAs}.`,
      );
    }
    return 0;
  },
});

async function coverageOf(): Promise<readonly Coverage[]> {
  const detectors = [...(await loadDetectors()).values()];
  const attacks = namesIn('attacks');
  const tests = namesIn('test/fixtures/detections');
  return threatIds.map((id) => {
    const own = detectors.filter(({ threat }) => threat === id).map((detector) => detector.id);
    return {
      id,
      ...threats[id],
      detectors: own,
      attacks: attacks.filter((name) => name.startsWith(`${id.toLowerCase()}-`)),
      tests: tests.filter((name) => own.includes(name)),
    };
  });
}

/** Names of the sources in a folder, without their ending; none in a package, which has no such folder. */
function namesIn(folder: string): readonly string[] {
  const path = join(root, folder);
  if (!existsSync(path)) return [];
  return readdirSync(path)
    .filter((name) => name.endsWith('.ts'))
    .map((name) => name.slice(0, -'.ts'.length));
}

function catalogueLine({ id, title, response, enisa, owasp2021, owasp2025, ...rest }: Coverage) {
  const techniques = [...rest.ics.map((one) => one.id), ...rest.enterprise].join(' ');
  const lists = `ENISA ${enisa.join(' ')}; OWASP ${owasp2021.join(' ')} / ${owasp2025.join(' ')}`;
  return `${id}  ${title}  (${response})  ${lists}; ATT&CK ${techniques}; STRIDE ${rest.stride}`;
}

function coverageLine({ id, title, detectors, attacks, tests }: Coverage): string {
  const count = (what: string, names: readonly string[]) =>
    names.length === 0 ? `no ${what}` : `${what}: ${names.join(', ')}`;
  return `${id}  ${title}  ${count('detector', detectors)}; ${count('attack', attacks)}; ${count('fixture', tests)}`;
}
