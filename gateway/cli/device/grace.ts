import { z } from 'zod';
import { defineCommand, dirOption, jsonOption } from '../../command.ts';
import { GatewayError } from '../../core/error.ts';
import { graceDaysMax, graceReasonCharsMax } from '../../pki/grace.ts';
import { openSitePki } from '../../pki/site-pki.ts';
import { commandActor, openSiteStore } from '../../site/site.ts';
import { deviceKinds } from '../../trust/certificate-calls.ts';

const dayMs = 86_400_000;

export const grace = defineCommand({
  name: 'grace',
  summary: 'Lets a device in for some days although its certificate expires or has expired.',
  arguments: ['<id>'],
  options: z.strictObject({
    dir: dirOption,
    days: z
      .int()
      .min(1)
      .max(graceDaysMax)
      .default(7)
      .describe(`Days from now; at most ${graceDaysMax}.`),
    reason: z.string().min(1).max(graceReasonCharsMax).describe('Why, for the audit.'),
    json: jsonOption,
  }),
  example: 'wardgate device grace mon-1 --days 3 --reason "back from repair, renews tonight"',

  async run({ arguments: [word = ''], options: { dir, days, reason, json }, print }) {
    const { store } = openSiteStore(dir);
    try {
      const device = store.devices.find(word);
      if (!device) throw new GatewayError('device-unknown', `${word} is not registered`);
      const newest = store.certificates
        .of(word, deviceKinds)
        .find((each) => each.revokedAt === undefined);
      if (!newest) throw new GatewayError('certificate-unknown', `${word} has none to go on with`);
      const { fingerprint, serialNumber } = newest;
      const givenAt = Date.now();
      const until = givenAt + days * dayMs;
      const claims = { fingerprint, device: word, givenAt, until, reason };
      const signed = openSitePki(dir).authority.grace(claims);
      store.transact(() => {
        store.certificates.addGrace({ fingerprint, ...signed });
        store.audit.add({
          at: givenAt,
          actor: commandActor(),
          action: 'device.grace',
          object: word,
          outcome: 'success',
          detail: `certificate ${serialNumber} until ${new Date(until).toISOString()}: ${reason}`,
        });
      });
      if (json) print(JSON.stringify({ device: word, serialNumber, until }));
      else {
        print(`${word} is let in by certificate ${serialNumber}, should it have expired,`);
        print(
          `until ${new Date(until).toISOString()}, to publish and to renew; it gets no commands.`,
        );
      }
      return 0;
    } finally {
      store.close();
    }
  },
});
