import { z } from 'zod';
import { defineCommand, dirOption, jsonOption } from '../../command.ts';
import type { Instant } from '../../core/observation.ts';
import {
  type QuarantineMode,
  quarantineModes,
  quarantineReasonCharsMax,
} from '../../core/quarantine.ts';
import { destinationOf } from '../../delivery/relay-settings.ts';
import { openPolicyMaker } from '../../policy-maker.ts';
import { loadProfiles } from '../../site/profiles.ts';
import { commandActor, openSiteStore } from '../../site/site.ts';
import { quarantineDevice } from '../../ward/quarantine.ts';

export const quarantine = defineCommand({
  name: 'quarantine',
  summary: 'Denies, holds or observes a device that is not trusted, until it is released.',
  arguments: ['<id>'],
  options: z.strictObject({
    dir: dirOption,
    mode: z
      .enum(Object.keys(quarantineModes) as [QuarantineMode])
      .default('hold')
      .describe(
        Object.entries(quarantineModes)
          .map(([mode, does]) => `${mode}: ${does}`)
          .join(' '),
      ),
    reason: z.string().trim().min(1).max(quarantineReasonCharsMax).describe('Why, for the audit.'),
    until: z.iso
      .datetime({ offset: true })
      .optional()
      .describe('When it ends by itself (ISO 8601). Default: only by device release.'),
    confirmClinical: z
      .boolean()
      .default(false)
      .describe('To deny a device for therapy or life support: its alarms stop too.'),
    json: jsonOption,
  }),
  example: 'wardgate device quarantine mon-1 --mode hold --reason "reports values nobody measured"',

  async run({ arguments: [device = ''], options, print }) {
    const { dir, mode, reason, until, confirmClinical, json } = options;
    const { config, store } = openSiteStore(dir);
    try {
      const maker = await openPolicyMaker({
        directory: dir,
        relays: await Promise.all(config.relays.map(destinationOf)),
        profiles: await loadProfiles(dir),
      });
      const quarantine = quarantineDevice(store, maker, {
        ...{ device, mode, reason, isConfirmed: confirmClinical },
        until: until === undefined ? undefined : Date.parse(until),
        actor: commandActor(),
        now: Date.now() as Instant,
      });
      if (json) print(JSON.stringify(quarantine));
      else {
        print(`${device} is in quarantine (${mode}). ${quarantineModes[mode]}`);
        print(`It ends with: wardgate device release ${device} --reason TEXT --dir ${dir}`);
      }
      return 0;
    } finally {
      store.close();
    }
  },
});
