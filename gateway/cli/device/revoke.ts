import { z } from 'zod';
import { defineCommand, dirOption, jsonOption } from '../../command.ts';
import { type RevocationReason, revocationReasons } from '../../core/revocation.ts';
import { commandActor, openSiteStore } from '../../site/site.ts';
import { deviceKinds, revoke as revokeCertificates } from '../../trust/certificate-calls.ts';

export const revoke = defineCommand({
  name: 'revoke',
  summary: 'Revokes the certificates of a device: it is out within two seconds, and stays out.',
  arguments: ['<id>'],
  options: z.strictObject({
    dir: dirOption,
    serial: z
      .string()
      .regex(/^[0-9A-Fa-f]{1,40}$/)
      .optional()
      .describe('Only this certificate: its serial number, as device show has it.'),
    reason: z
      .enum(Object.keys(revocationReasons) as [RevocationReason])
      .default('unspecified')
      .describe(`Why: ${Object.keys(revocationReasons).join(', ')}.`),
    json: jsonOption,
  }),
  example: 'wardgate device revoke mon-1 --reason key-compromise',

  async run({ arguments: [word = ''], options: { dir, serial, reason, json }, print }) {
    const { store } = openSiteStore(dir);
    try {
      const order = {
        subject: word,
        kinds: deviceKinds,
        serialNumber: serial,
        reason,
        actor: commandActor(),
      };
      const revoked = store.transact(() => revokeCertificates(store, { ...order, at: Date.now() }));
      if (json) print(JSON.stringify({ device: word, reason, revoked }));
      else {
        print(`Certificates of ${word} revoked: ${revoked.length} (${reason}).`);
        print(`It comes back with: wardgate device token ${word} --dir ${dir}`);
      }
      return 0;
    } finally {
      store.close();
    }
  },
});
