import { z } from 'zod';
import { defineCommand, dirOption, jsonOption } from '../../command.ts';
import { openSiteFeeds } from '../../exposure/vulnerability-feeds.ts';
import { matchModels } from '../../exposure/vulnerability-matching.ts';
import { loadProfiles } from '../../site/profiles.ts';
import { openSiteStore } from '../../site/site.ts';
import { matchText } from './import.ts';

export const match = defineCommand({
  name: 'match',
  summary: 'Matches all models with the feeds anew, as after a new profile of the site’s own.',
  options: z.strictObject({ dir: dirOption, json: jsonOption }),
  example: 'wardgate vuln match',

  async run({ options, print }) {
    const { store } = openSiteStore(options.dir);
    try {
      const feeds = openSiteFeeds(options.dir);
      try {
        const profiles = await loadProfiles(options.dir);
        const report = matchModels(store, feeds, profiles.values(), Date.now());
        print(options.json ? JSON.stringify(report) : matchText(report));
        return 0;
      } finally {
        feeds.close();
      }
    } finally {
      store.close();
    }
  },
});
