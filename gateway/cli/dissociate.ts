import { defineCommand, siteOptions } from '../command.ts';
import { GatewayError } from '../core/error.ts';
import { commandActor, openSiteStore } from '../site.ts';

export default defineCommand({
  name: 'dissociate',
  summary: 'Ends the binding of a device to its patient; from now on its observations are held.',
  arguments: ['<id>'],
  options: siteOptions,
  example: 'wardgate dissociate mon-1',

  async run({ arguments: [word = ''], options, print }) {
    const { store } = openSiteStore(options.dir);
    try {
      const device = store.devices.find(word);
      if (!device) throw new GatewayError('device-unknown', `${word} is not registered`);
      const now = Date.now();
      const wasBound = store.transact(() => {
        const ended = store.devices.dissociate(device.id, now);
        store.audit.add({
          at: now,
          actor: commandActor(),
          action: 'device.dissociate',
          object: device.id,
          outcome: ended ? 'success' : 'failure',
          detail: '',
        });
        return ended;
      });
      if (options.json) print(JSON.stringify({ device: device.id, wasBound }));
      else
        print(
          wasBound ? `${device.id} is bound to nobody now.` : `${device.id} was bound to nobody.`,
        );
      return wasBound ? 0 : 1;
    } finally {
      store.close();
    }
  },
});
