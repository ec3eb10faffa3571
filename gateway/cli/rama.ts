import { z } from 'zod';
import { defineCommand, dirOption, jsonOption } from '../command.ts';
import { GatewayError } from '../core/error.ts';
import type { Instant } from '../core/observation.ts';
import { ramaGroups } from '../core/rama-point.ts';
import type { LocalScore } from '../rama/aggregate.ts';
import { canonicalJson } from '../rama/canonical.ts';
import {
  findRated,
  type RatedDevice,
  rateDevice,
  ratedDevices,
  rateSite,
  reportDevice,
} from '../scoring/rama-site.ts';
import type { RatingMaterial } from '../scoring/rama-subject.ts';
import {
  type Breakdowns,
  breakdownLines,
  breakdowns,
  explanationLines,
  gatewayLine,
  intervalText,
  scoreLine,
} from '../scoring/rama-text.ts';
import { loadProfiles } from '../site/profiles.ts';
import { openSiteStore } from '../site/site.ts';
import type { Store } from '../store/store.ts';
import { score } from './rama/score.ts';
import { state } from './rama/state.ts';

const options = z.strictObject({
  dir: dirOption,
  group: z.enum(ramaGroups).default('ward').describe('By what devices are taken together.'),
  by: z
    .enum(Object.keys(breakdowns) as [Breakdowns])
    .optional()
    .describe('Where the points went: by factor, or by the classes of ENISA or OWASP.'),
  explain: z.boolean().default(false).describe('Every point, and what would gain most.'),
  json: jsonOption,
});
type Options = z.output<typeof options>;
type Print = (line: string) => void;

export default defineCommand({
  name: 'rama',
  summary: 'The security score of the site, or of one device: 0 to 100, higher is safer.',
  arguments: ['[id]'],
  options,
  example: 'wardgate rama mon-1 --explain',
  commands: [score, state],

  async run({ arguments: [id], options: given, print }) {
    const { config, store } = openSiteStore(given.dir);
    try {
      const profiles = await loadProfiles(given.dir);
      const material = { profiles, serial: config.serial };
      const now = Date.now() as Instant;
      if (id === undefined) printSite(store, material, now, given, print);
      else printDevice(store, material, now, id, given, print);
      return 0;
    } finally {
      store.close();
    }
  },
});

function printDevice(
  store: Store,
  material: RatingMaterial,
  now: Instant,
  id: string,
  { by, explain, json }: Options,
  print: Print,
): void {
  const device = findRated(store, id);
  if (!device) throw new GatewayError('device-unknown', `there is no device ${id}`);
  const report = reportDevice(store, material, device, now);
  if (json) {
    print(canonicalJson({ device, ...report }));
    return;
  }
  print(`${scoreLine(report)}  ${id}  ${intervalText(report)}`);
  if (by) for (const line of breakdownLines(by, report)) print(line);
  if (explain) for (const line of explanationLines(report)) print(line);
  const worth = gatewayLine(report);
  if (worth) print(worth);
}

function printSite(
  store: Store,
  material: RatingMaterial,
  now: Instant,
  { group, by, explain, json }: Options,
  print: Print,
): void {
  const rated = ratedDevices(store).map((device) => rateDevice(store, material, device, now));
  const { local, groups } = rateSite(rated, group);
  if (json) {
    print(canonicalJson({ local, groups, devices: rated }));
    return;
  }
  if (!local) {
    print('There is no device yet.');
    return;
  }
  print(`${scoreLine(local)}  the site, ${local.devices} devices`);
  if (by) for (const line of breakdownLines(by, local)) print(line);
  for (const [name, each] of Object.entries(groups)) {
    print(`${scoreLine(each)}  ${group} ${name || '(none)'}, ${each.devices} devices`);
  }
  for (const each of byScore(rated)) printRow(each, explain ? local : undefined, print);
}

function printRow({ id, rama }: RatedDevice, local: LocalScore | undefined, print: Print): void {
  const share = local?.contributions.find((each) => each.id === id);
  const taken = share ? `  takes ${share.points.toFixed(1)} of the site` : '';
  print(`  ${scoreLine(rama)}  ${id}  ${intervalText(rama)}${taken}`);
}

function byScore(rated: readonly RatedDevice[]): readonly RatedDevice[] {
  return rated.toSorted((a, b) => a.rama.score - b.rama.score || (a.id < b.id ? -1 : 1));
}
