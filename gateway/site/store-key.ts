import { existsSync } from 'node:fs';
import { promoteSecret, readSecret, secretPath } from '../pki/secrets.ts';
import { opensWith } from '../store/database.ts';

/** The site's secret that the database is encrypted under. */
export const storeKeyName = 'store.key';
/** There only while the key is changed, or after that was cut off. */
export const nextStoreKeyName = 'store-next.key';

/**
 * The key the database opens with. Where a change of it was cut off, that is the old key until the
 * very moment the database is under the new one, and then the new one takes its place.
 *
 * @throws GatewayError `secret-missing`, `secret-exposed`, `store-locked`.
 */
export function readStoreKey(directory: string): Buffer {
  const key = readSecret(directory, storeKeyName);
  // The old one first: it alone can take back a change that was cut off in the middle.
  if (!existsSync(secretPath(directory, nextStoreKeyName)) || opensWith(directory, key)) return key;
  const newKey = readSecret(directory, nextStoreKeyName);
  // Opened by neither: then it is damaged, and the error comes from where it is opened.
  if (!opensWith(directory, newKey)) return key;
  promoteSecret(directory, nextStoreKeyName, storeKeyName);
  return newKey;
}
