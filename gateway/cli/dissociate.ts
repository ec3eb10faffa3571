import { defineCommand, siteOptions } from '../command.ts';
import { commandActor, openSiteStore } from '../site/site.ts';
import { dissociateDevice } from '../ward/association.ts';

export default defineCommand({
  name: 'dissociate',
  summary: 'Ends the binding of a device to its patient; from now on its observations are held.',
  arguments: ['<id>'],
  options: siteOptions,
  example: 'wardgate dissociate mon-1',

  async run({ arguments: [device = ''], options, print }) {
    const { store } = openSiteStore(options.dir);
    try {
      const order = { device, actor: commandActor(), now: Date.now() };
      const { wasBound } = dissociateDevice(store, order);
      if (options.json) print(JSON.stringify({ device, wasBound }));
      else print(`${device} ${wasBound ? 'is bound to nobody now' : 'was bound to nobody'}.`);
      return wasBound ? 0 : 1;
    } finally {
      store.close();
    }
  },
});
