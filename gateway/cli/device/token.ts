import { defineCommand, siteOptions } from '../../command.ts';
import { GatewayError } from '../../core/error.ts';
import { commandActor, openSiteStore } from '../../site/site.ts';
import { createEnrolmentToken } from '../../trust/enrolment.ts';

export const token = defineCommand({
  name: 'token',
  summary: 'Makes a new one-time enrolment token (24 h); the one before is good no more.',
  arguments: ['<id>'],
  options: siteOptions,
  example: 'wardgate device token mon-1',

  async run({ arguments: [word = ''], options: { dir, json }, print }) {
    const { store } = openSiteStore(dir);
    try {
      const device = store.devices.find(word);
      if (!device) throw new GatewayError('device-unknown', `${word} is not registered`);
      const at = Date.now();
      const { token: secret, hash, expiresAt } = createEnrolmentToken(at);
      store.transact(() => {
        store.devices.setToken(device.id, { hash, expiresAt });
        store.audit.add({
          at,
          actor: commandActor(),
          action: 'device.token',
          object: word,
          outcome: 'success',
          detail: '',
        });
      });
      if (json) print(JSON.stringify({ device: word, token: secret, tokenExpiresAt: expiresAt }));
      else print(`Enrolment token, good once and for 24 h: ${secret}`);
      return 0;
    } finally {
      store.close();
    }
  },
});
