import type { Database } from './database.ts';

/** A key whose bundles of vulnerability data this site believes. */
export interface BundleKey {
  /** SHA-256 of the key, hexadecimal. */
  readonly fingerprint: string;
  /** PEM. */
  readonly publicKey: string;
  readonly actor: string;
  readonly trustedAt: number;
}

export interface BundleKeys {
  list(): readonly BundleKey[];
  add(key: BundleKey): void;
  /** Whether it was there. */
  remove(fingerprint: string): boolean;
}

export function openBundleKeys(database: Database): BundleKeys {
  const list = database.prepare<[], BundleKey>(
    `select fingerprint, public_key publicKey, actor, trusted_at trustedAt
     from bundle_key order by trusted_at, fingerprint`,
  );
  const add = database.prepare(
    'insert or replace into bundle_key values (@fingerprint, @publicKey, @actor, @trustedAt)',
  );
  const remove = database.prepare('delete from bundle_key where fingerprint = ?');
  return {
    list: () => list.all(),
    add: (key) => void add.run(key),
    remove: (fingerprint) => remove.run(fingerprint).changes > 0,
  };
}
