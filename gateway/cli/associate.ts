import { z } from 'zod';
import { defineCommand, dirOption, jsonOption } from '../command.ts';
import { associationReachesBackMs, isPlaceholderSubject } from '../core/association.ts';
import { GatewayError } from '../core/error.ts';
import { Phi } from '../core/phi.ts';
import { releaseHeld } from '../keeping.ts';
import { openPolicyMaker } from '../policy.ts';
import { loadProfiles } from '../profiles.ts';
import { commandActor, openSiteStore } from '../site.ts';

const subjectLengthMax = 64;

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

  async run({ arguments: [word = '', text = ''], options, print }) {
    const subject = text.trim();
    if (isPlaceholderSubject(subject) || subject.length > subjectLengthMax) {
      throw new GatewayError('subject-invalid', 'a placeholder or too long for a patient id');
    }
    const { config, store } = openSiteStore(options.dir);
    try {
      const maker = await openPolicyMaker({
        directory: options.dir,
        relays: config.relays.map(({ id }) => id),
        profiles: await loadProfiles(options.dir),
      });
      const device = store.devices.find(word);
      if (!device) throw new GatewayError('device-unknown', `${word} is not registered`);
      const now = Date.now();
      const outcome = store.transact(() => {
        const [last] = store.devices.associations(device.id);
        const asked =
          options.since === undefined ? now - associationReachesBackMs : Date.parse(options.since);
        // Never into the time of the patient before; while that one is still bound, it ends now.
        const since = last === undefined ? asked : Math.max(asked, last.until ?? now);
        store.devices.associate(device.id, new Phi(subject), since);
        const held = releaseHeld(store, maker.make(store.devices), device.id, 'unbound');
        store.audit.add({
          at: now,
          actor: commandActor(),
          action: 'device.associate',
          object: device.id,
          outcome: 'success',
          detail: `since ${new Date(since).toISOString()}, released ${held.released}`,
        });
        return { since, ...held };
      });
      const since = new Date(outcome.since).toISOString();
      if (options.json) print(JSON.stringify({ device: device.id, ...outcome, since }));
      else {
        print(`${device.id} is bound since ${since}.`);
        print(`Held observations: ${outcome.released} released, ${outcome.stillHeld} still held.`);
      }
      return 0;
    } finally {
      store.close();
    }
  },
});
