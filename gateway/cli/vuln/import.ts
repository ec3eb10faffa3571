import { z } from 'zod';
import { defineCommand, dirOption, jsonOption } from '../../command.ts';
import { openSiteFeeds } from '../../exposure/vulnerability-feeds.ts';
import { type ImportReport, importBundle } from '../../exposure/vulnerability-import.ts';
import { type MatchReport, matchModels } from '../../exposure/vulnerability-matching.ts';
import { loadProfiles } from '../../site/profiles.ts';
import { commandActor, openSiteStore } from '../../site/site.ts';

/** How many reasons are printed; --json has them all. */
const problemsShown = 20;

export const importCommand = defineCommand({
  name: 'import',
  summary: 'Imports a signed bundle of vulnerability data, all of it or nothing, and matches anew.',
  arguments: ['<bundle>'],
  options: z.strictObject({ dir: dirOption, json: jsonOption }),
  example: 'wardgate vuln import /mnt/usb/vulnerabilities.bundle',

  async run({ arguments: [path = ''], options, print, remark }) {
    const { store } = openSiteStore(options.dir);
    try {
      const feeds = openSiteFeeds(options.dir);
      try {
        const report = await importBundle({
          store,
          feeds,
          path,
          actor: commandActor(),
          now: Date.now,
          onEntries: (entries) => remark(`${entries} entries`),
        });
        const profiles = await loadProfiles(options.dir);
        const matched = matchModels(store, feeds, profiles.values(), Date.now());
        if (options.json) print(JSON.stringify({ ...report, matched }));
        else for (const line of textOf(report, matched)) print(line);
        return 0;
      } finally {
        feeds.close();
      }
    } finally {
      store.close();
    }
  },
});

function* textOf(report: ImportReport, matched: MatchReport): Iterable<string> {
  for (const [kind, feeds] of Map.groupBy(report.feeds, (feed) => feed.kind)) {
    const sum = (key: 'entries' | 'badEntries') =>
      feeds.reduce((total, feed) => total + feed[key], 0);
    const newest = Math.max(...feeds.map(({ publishedAt = 0 }) => publishedAt));
    const age = newest === 0 ? 'undated' : `of ${new Date(newest).toISOString()}`;
    yield `${kind}  ${feeds.length} files  ${age}  ${sum('entries')} entries, ${sum('badEntries')} bad`;
    for (const { name, isOlder } of feeds) {
      if (isOlder) yield `  ${name} was not taken: it is older than what is here.`;
    }
  }
  for (const problem of report.problems.slice(0, problemsShown)) yield `  ${problem}`;
  const more = report.problems.length - problemsShown;
  if (more > 0) yield `  and ${more} more; --json has them.`;
  if (report.statements > 0) yield `${report.statements} new statements of makers (VEX).`;
  yield matchText(matched);
}

export function matchText({ models, components, affected, unknown }: MatchReport): string {
  return `${models} models with ${components} components: ${affected} affected, ${unknown} unknown.`;
}
