import { z } from 'zod';
import { defineCommand, dirOption, jsonOption } from '../../command.ts';
import { type RevocationReason, revocationReasons } from '../../core/revocation.ts';
import { commandActor, openSiteStore } from '../../site/site.ts';
import { revoke as revokeCertificates } from '../../trust/certificate-calls.ts';
import { otherKind } from './kind.ts';

export const revoke = defineCommand({
  name: 'revoke',
  summary: 'Revokes the certificates of somebody who is no device.',
  arguments: ['<kind>', '<name>'],
  options: z.strictObject({
    dir: dirOption,
    reason: z
      .enum(Object.keys(revocationReasons) as [RevocationReason])
      .default('unspecified')
      .describe(`Why: ${Object.keys(revocationReasons).join(', ')}.`),
    json: jsonOption,
  }),
  example: 'wardgate pki revoke consumer analytics-1 --reason cessation-of-operation',

  async run({ arguments: [word = '', subject = ''], options: { dir, reason, json }, print }) {
    const kinds = [otherKind(word)];
    const { store } = openSiteStore(dir);
    try {
      const order = { subject, kinds, reason, actor: commandActor(), at: Date.now() };
      const revoked = store.transact(() => revokeCertificates(store, order));
      if (json) print(JSON.stringify({ kind: word, name: subject, reason, revoked }));
      else print(`Certificates of ${subject} revoked: ${revoked.length} (${reason}).`);
      return 0;
    } finally {
      store.close();
    }
  },
});
