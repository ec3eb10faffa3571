import { z } from 'zod';
import { defineCommand, dirOption, jsonOption } from '../command.ts';
import { destinationOf } from '../delivery/relay-settings.ts';
import { openPolicyMaker } from '../policy-maker.ts';
import { loadProfiles } from '../site/profiles.ts';
import { commandActor, openSiteStore } from '../site/site.ts';
import { associateDevice } from '../ward/association.ts';

export default defineCommand({
  name: 'associate',
  summary: 'Binds a device to a patient; what was held for that patient is let go.',
  arguments: ['<id>', '<subject>'],
  options: z.strictObject({
    dir: dirOption,
    since: z.iso
      .datetime({ offset: true })
      .optional()
      .describe(
        'From when on (ISO 8601). Default: 15 minutes ago, but not before the last patient left.',
      ),
    json: jsonOption,
  }),
  example: 'wardgate associate mon-1 MRN-4711',

  async run({ arguments: [device = '', subject = ''], options, print }) {
    const { config, store } = openSiteStore(options.dir);
    try {
      const maker = await openPolicyMaker({
        directory: options.dir,
        relays: await Promise.all(config.relays.map(destinationOf)),
        profiles: await loadProfiles(options.dir),
      });
      const outcome = associateDevice(store, maker, {
        device,
        subject,
        since: options.since === undefined ? undefined : Date.parse(options.since),
        actor: commandActor(),
        now: Date.now(),
      });
      const since = new Date(outcome.since).toISOString();
      if (options.json) print(JSON.stringify({ device, ...outcome, since }));
      else {
        print(`${device} is bound since ${since}.`);
        print(`Held observations: ${outcome.released} released, ${outcome.stillHeld} still held.`);
        if (outcome.later > 0) print(`${outcome.later} records follow while the gateway runs.`);
      }
      return 0;
    } finally {
      store.close();
    }
  },
});
