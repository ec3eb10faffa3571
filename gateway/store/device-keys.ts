import { createHash, createPublicKey, createSecretKey } from 'node:crypto';
import type { DeviceId } from '../core/device.ts';
import type { DeviceKey, MessageSignature } from '../core/signed-message.ts';
import type { Database } from './database.ts';

interface Row {
  readonly algorithm: MessageSignature;
  readonly key: Uint8Array;
  readonly counter: number;
}

/** By what it is proven that a device said something: one key a device, in the encrypted database. */
export interface DeviceKeys {
  find(device: DeviceId): DeviceKey | undefined;
  /** @param key the secret as it is, or the public key as SPKI in DER. The counter begins anew. */
  set(device: DeviceId, algorithm: MessageSignature, key: Uint8Array): void;
  /** Whatever was counted lower is none any more. */
  count(device: DeviceId, counter: number): void;
}

export function openDeviceKeys(database: Database): DeviceKeys {
  const find = database.prepare<[string], Row>(
    'select algorithm, key, counter from device_key where device = ?',
  );
  const set = database.prepare(
    `insert or replace into device_key (device, algorithm, key, counter) values (?, ?, ?, 0)`,
  );
  const count = database.prepare(
    'update device_key set counter = max(counter, ?) where device = ?',
  );
  return {
    find(device) {
      const row = find.get(device);
      if (!row) return undefined;
      const { algorithm, counter } = row;
      const bytes = Buffer.from(row.key);
      const key =
        algorithm === 'HS256'
          ? createSecretKey(bytes)
          : createPublicKey({ key: bytes, format: 'der', type: 'spki' });
      return {
        algorithm,
        key,
        id: createHash('sha256').update(bytes).digest('base64url'),
        counter,
      };
    },
    set: (device, algorithm, key) => void set.run(device, algorithm, Buffer.from(key)),
    count: (device, counter) => void count.run(counter, device),
  };
}
