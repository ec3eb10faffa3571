import { openSiteStore } from '../../gateway/site/site.ts';

/** One of several processes that audit at once: `node audit-writer.ts DIRECTORY COUNT`. */
const [directory = '', count = '0'] = process.argv.slice(2);
const { store } = openSiteStore(directory);
for (let index = 0; index < Number(count); index += 1) {
  store.transact(() =>
    store.audit.add({
      at: Date.now(),
      actor: `cli:${process.pid}`,
      action: 'outbox.retry',
      object: 'all',
      outcome: 'success',
      detail: `entry ${index}`,
    }),
  );
}
store.close();
