import { createSecret, promoteSecret, removeSecret } from '../pki/secrets.ts';
import { lockSite, opensWith, rekeyDatabase } from '../store/database.ts';
import { commandActor, openSiteStore } from './site.ts';
import { nextStoreKeyName, readStoreKey, storeKeyName } from './store-key.ts';

/**
 * Encrypts the whole database under a new key. The gateway must not run. At every moment one of the
 * two key files opens it, so the power may fail at any time.
 *
 * @throws GatewayError `store-locked` while a gateway or another command uses the site, `store-full`.
 */
export function rotateStoreKey(directory: string, now: () => number): void {
  const lock = lockSite(directory);
  try {
    const key = readStoreKey(directory);
    removeSecret(directory, nextStoreKeyName);
    enter(directory, now(), 'begun');
    const newKey = createSecret(directory, nextStoreKeyName);
    try {
      rekeyDatabase(directory, key, newKey);
    } catch (error) {
      if (opensWith(directory, key)) removeSecret(directory, nextStoreKeyName);
      throw error;
    }
    promoteSecret(directory, nextStoreKeyName, storeKeyName);
    enter(directory, now(), 'done');
  } finally {
    lock.close();
  }
}

function enter(directory: string, at: number, detail: string): void {
  const { store } = openSiteStore(directory);
  try {
    const act = {
      actor: commandActor(),
      action: 'store.rotate-key',
      object: storeKeyName,
    } as const;
    store.audit.add({ at, ...act, outcome: 'success', detail });
  } finally {
    store.close();
  }
}
