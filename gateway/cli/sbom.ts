import { z } from 'zod';
import { defineCommand, dirOption, jsonOption } from '../command.ts';
import { importBill } from '../exposure/bill-import.ts';
import { ownBillDocument } from '../exposure/own-bill.ts';
import { openSiteFeeds } from '../exposure/vulnerability-feeds.ts';
import { matchModels } from '../exposure/vulnerability-matching.ts';
import { loadProfiles } from '../site/profiles.ts';
import { commandActor, openSiteStore } from '../site/site.ts';
import { matchText } from './vuln/import.ts';

const importCommand = defineCommand({
  name: 'import',
  summary: 'Imports what a device model is made of (CycloneDX or SPDX, JSON), and matches anew.',
  arguments: ['<file>'],
  options: z.strictObject({
    dir: dirOption,
    model: z.string().describe('Id of the device profile.'),
    json: jsonOption,
  }),
  example: 'wardgate sbom import pump-2.1.cdx.json --model acme-pump',

  async run({ arguments: [path = ''], options, print }) {
    const profiles = await loadProfiles(options.dir);
    const { store } = openSiteStore(options.dir);
    try {
      const order = { path, model: options.model, actor: commandActor(), now: Date.now() };
      const { bill, problems } = importBill(store, profiles, order);
      const feeds = openSiteFeeds(options.dir);
      try {
        const matched = matchModels(store, feeds, profiles.values(), Date.now());
        const { model, format, components } = bill;
        if (options.json) {
          print(
            JSON.stringify({ model, format, components: components.length, problems, matched }),
          );
        } else {
          print(`${model}: ${components.length} components, ${format}.`);
          for (const problem of problems) print(`  ${problem}`);
          print(matchText(matched));
        }
        return 0;
      } finally {
        feeds.close();
      }
    } finally {
      store.close();
    }
  },
});

export default defineCommand({
  name: 'sbom',
  summary: 'Prints what this gateway is made of: CycloneDX 1.6, the same bytes each time.',
  options: z.strictObject({
    dir: dirOption.describe('Taken as by every command; the bill is the program’s, at every site.'),
  }),
  example: 'wardgate sbom > wardgate.cdx.json',
  commands: [importCommand],

  async run({ print }) {
    print(JSON.stringify(ownBillDocument(), undefined, 2));
    return 0;
  },
});
