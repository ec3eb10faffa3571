import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { fingerprintOf, publicKeyOf } from '../../bundles/bundle-signature.ts';
import { defineCommand, dirOption, jsonOption } from '../../command.ts';
import { GatewayError } from '../../core/error.ts';
import { commandActor, openSiteStore } from '../../site/site.ts';
import type { Store } from '../../store/store.ts';

export const trust = defineCommand({
  name: 'trust',
  summary: 'Believes bundles that a key signed; without a key, lists the keys that are believed.',
  arguments: ['[key]'],
  options: z.strictObject({
    dir: dirOption,
    remove: z.string().optional().describe('Fingerprint of a key that is believed no more.'),
    json: jsonOption,
  }),
  example: 'wardgate vuln trust carrier.key.pub',

  async run({ arguments: [path], options: { dir, remove, json }, print }) {
    const { store } = openSiteStore(dir);
    try {
      if (path !== undefined) add(store, path);
      if (remove !== undefined) distrust(store, remove);
      const keys = store.bundleKeys.list();
      if (json) print(JSON.stringify(keys));
      else if (keys.length === 0) print('No key is believed: every bundle is refused.');
      else {
        for (const { fingerprint, actor, trustedAt } of keys) {
          print(`${fingerprint}  since ${new Date(trustedAt).toISOString()}  by ${actor}`);
        }
      }
      return 0;
    } finally {
      store.close();
    }
  },
});

function add(store: Store, path: string): void {
  const key = publicKeyOf(readPem(path), path);
  const fingerprint = fingerprintOf(key);
  const publicKey = key.export({ type: 'spki', format: 'pem' }).toString();
  const [actor, at] = [commandActor(), Date.now()];
  store.transact(() => {
    store.bundleKeys.add({ fingerprint, publicKey, actor, trustedAt: at });
    const action = 'bundle-key.trust';
    store.audit.add({ at, actor, action, object: fingerprint, outcome: 'success', detail: '' });
  });
}

function distrust(store: Store, fingerprint: string): void {
  const [actor, at] = [commandActor(), Date.now()];
  store.transact(() => {
    if (!store.bundleKeys.remove(fingerprint)) {
      throw new GatewayError('bundle-key', `no key ${fingerprint} is believed`);
    }
    const action = 'bundle-key.distrust';
    store.audit.add({ at, actor, action, object: fingerprint, outcome: 'success', detail: '' });
  });
}

function readPem(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (cause) {
    throw new GatewayError('bundle-key', `${path} cannot be read`, { cause });
  }
}
