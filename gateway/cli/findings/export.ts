import { z } from 'zod';
import { defineCommand, dirOption } from '../../command.ts';
import { cefOf } from '../../exports/cef.ts';
import { stixOf } from '../../exports/stix.ts';
import { commandActor, openSiteStore } from '../../site/site.ts';
import { version } from '../../version.ts';

/** The newest of them; an export of more is made in parts, by --since. */
const countMax = 20_000;

export const exported = defineCommand({
  name: 'export',
  summary: 'Prints findings for another system: a STIX 2.1 bundle, or CEF, one finding a line.',
  options: z.strictObject({
    dir: dirOption,
    format: z
      .enum(['stix', 'cef'])
      .default('stix')
      .describe(
        'stix: episodes as a STIX 2.1 bundle. cef: each finding, as a log collector has it.',
      ),
    since: z.iso
      .datetime({ offset: true })
      .optional()
      .describe('Those that went on after it (ISO 8601).'),
  }),
  example: 'wardgate findings export --since 2026-11-01T00:00:00Z > findings.stix.json',

  async run({ options: { dir, format, since }, print }) {
    const { config, store } = openSiteStore(dir);
    try {
      const { site } = config;
      const sinceAt = since === undefined ? 0 : Date.parse(since);
      const { journal } = store;
      const lines =
        format === 'stix'
          ? [JSON.stringify(stixOf(journal.episodes.page({ countMax, sinceAt }), site))]
          : journal
              .findingsAfter(0, countMax)
              .filter(({ at }) => at >= sinceAt)
              .map((finding) => cefOf(finding, { site, version }));
      store.audit.add({
        at: Date.now(),
        actor: commandActor(),
        action: 'finding.export',
        object: format,
        outcome: 'success',
        detail: since === undefined ? 'all' : `since ${since}`,
      });
      for (const line of lines) print(line);
      return 0;
    } finally {
      store.close();
    }
  },
});
