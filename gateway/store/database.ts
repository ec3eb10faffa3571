import { existsSync, globSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import Sqlite from 'better-sqlite3-multiple-ciphers';
import { GatewayError } from '../core/error.ts';

export type Database = Sqlite.Database;

const migrations = join(import.meta.dirname, 'migrations');

/** ChaCha20-Poly1305 (RFC 8439): a Pi 4 has no AES instructions, and no cipher here is faster there. */
const cipher = 'chacha20';

/** How long a command waits for the running gateway's transaction. */
const busyTimeoutMs = 10_000;
/** A power cut may lose nothing acknowledged, so every commit is synced (measured: NORMAL loses). */
const pragmas = [
  'journal_mode = WAL',
  'synchronous = FULL',
  'foreign_keys = ON',
  'trusted_schema = OFF',
  'wal_autocheckpoint = 4000',
  'journal_size_limit = 67108864',
  'cache_size = -16000',
];

/**
 * Opens the site's database, made and brought to the newest shape where needed. Each page is
 * encrypted and authenticated under `key` (32 bytes). With `mustExist` a missing one is an error: an empty database
 * in its place would hide that what was promised is gone.
 */
export function openDatabase(directory: string, key: Uint8Array, mustExist: boolean): Database {
  const folder = join(directory, 'store');
  const path = join(folder, 'wardgate.db');
  if (mustExist && !existsSync(path)) {
    throw new GatewayError('store-damaged', `${path} is not there`);
  }
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const database = new Sqlite(path, { timeout: busyTimeoutMs });
  try {
    database.pragma(`cipher = '${cipher}'`);
    database.pragma(`key = "x'${Buffer.from(key).toString('hex')}'"`);
    for (const pragma of pragmas) database.pragma(pragma);
    migrate(database);
    return database;
  } catch (cause) {
    database.close();
    throw storeError(cause, path);
  }
}

/** Holds the site for one gateway: the lock goes with the process, however it ends. */
export function lockSite(directory: string): Database {
  const folder = join(directory, 'store');
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const lock = new Sqlite(join(folder, 'gateway.lock'), { timeout: 0 });
  try {
    lock.pragma('locking_mode = EXCLUSIVE');
    lock.exec('begin exclusive; create table if not exists holder (one); commit');
    return lock;
  } catch (cause) {
    lock.close();
    throw new GatewayError('store-locked', `another process holds ${directory}`, { cause });
  }
}

/** What SQLite says of a write, in the gateway's words. Anything else is a fault of ours. */
export function storeError(cause: unknown, what: string): unknown {
  if (!(cause instanceof Sqlite.SqliteError)) return cause;
  switch (cause.code.split('_').slice(0, 2).join('_')) {
    case 'SQLITE_FULL':
    case 'SQLITE_IOERR':
      return new GatewayError('store-full', `${what}: ${cause.code}`, { cause });
    case 'SQLITE_BUSY':
    case 'SQLITE_LOCKED':
      return new GatewayError('store-locked', `${what}: ${cause.code}`, { cause });
    case 'SQLITE_NOTADB':
    case 'SQLITE_CORRUPT':
      return new GatewayError('store-damaged', `${what}: ${cause.code}`, { cause });
    default:
      return cause;
  }
}

/** Runs the numbered files that this database has not seen, each in one transaction. */
function migrate(database: Database): void {
  const files = globSync('*.sql', { cwd: migrations }).sort();
  const found = database.pragma('user_version', { simple: true }) as number;
  if (found > files.length) {
    throw new GatewayError('store-too-new', `the database has shape ${found}`);
  }
  if (found === files.length) return;
  database
    .transaction(() => {
      // Another process may have migrated while this one waited for the lock.
      const seen = database.pragma('user_version', { simple: true }) as number;
      for (const file of files.slice(seen)) {
        database.exec(readFileSync(join(migrations, file), 'utf8'));
      }
      database.pragma(`user_version = ${files.length}`);
    })
    .immediate();
}
