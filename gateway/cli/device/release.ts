import { z } from 'zod';
import { defineCommand, dirOption, jsonOption } from '../../command.ts';
import type { Instant } from '../../core/observation.ts';
import { heldFates, quarantineReasonCharsMax } from '../../core/quarantine.ts';
import { destinationOf } from '../../delivery/relay-settings.ts';
import { openPolicyMaker } from '../../policy-maker.ts';
import { loadProfiles } from '../../site/profiles.ts';
import { commandActor, openSiteStore } from '../../site/site.ts';
import { releaseDevice } from '../../ward/quarantine.ts';

export const release = defineCommand({
  name: 'release',
  summary: 'Ends the quarantine of a device; what was held goes to its patient.',
  arguments: ['<id>'],
  options: z.strictObject({
    dir: dirOption,
    reason: z.string().trim().min(1).max(quarantineReasonCharsMax).describe('Why, for the audit.'),
    held: z
      .enum(heldFates)
      .default('release')
      .describe('What becomes of what was held: release to the patient, or discard.'),
    json: jsonOption,
  }),
  example: 'wardgate device release mon-1 --reason "examined, firmware as signed"',

  async run({ arguments: [device = ''], options: { dir, reason, held, json }, print }) {
    const { config, store } = openSiteStore(dir);
    try {
      const maker = await openPolicyMaker({
        directory: dir,
        relays: await Promise.all(config.relays.map(destinationOf)),
        profiles: await loadProfiles(dir),
      });
      const order = { device, reason, held, actor: commandActor(), now: Date.now() as Instant };
      const outcome = releaseDevice(store, maker, order);
      if (json) print(JSON.stringify({ device, ...outcome }));
      else {
        const { released, stillHeld, later, discarded } = outcome;
        print(`${device} is out of quarantine.`);
        print(
          `Held observations: ${released} released, ${stillHeld} still held, ${discarded} discarded.`,
        );
        if (later > 0) print(`${later} records follow while the gateway runs.`);
      }
      return 0;
    } finally {
      store.close();
    }
  },
});
