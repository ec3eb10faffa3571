import { createHash } from 'node:crypto';
import { existsSync, globSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import Sqlite from 'better-sqlite3-multiple-ciphers';
import { GatewayError } from '../core/error.ts';

export type Database = Sqlite.Database;

const migrationsFolder = join(import.meta.dirname, 'migrations');

/** The site’s own database, and what public feeds say, each a file with a shape of its own. */
const databases = {
  site: { file: 'wardgate.db', migrations: migrationsFolder },
  feeds: { file: 'feeds.db', migrations: join(migrationsFolder, 'feeds') },
} as const;

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
export function openDatabase(
  directory: string,
  key: Uint8Array,
  mustExist: boolean,
  which: keyof typeof databases = 'site',
): Database {
  const folder = join(directory, 'store');
  const { file, migrations } = databases[which];
  const path = join(folder, file);
  if (mustExist && !existsSync(path)) {
    throw new GatewayError('store-damaged', `${path} is not there`);
  }
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const database = unlock(path, key);
  try {
    for (const pragma of pragmas) database.pragma(pragma);
    migrate(database, migrations);
    return database;
  } catch (cause) {
    database.close();
    throw storeError(cause, path);
  }
}

/** Nothing is read yet: whether the key is the right one shows later. */
function unlock(path: string, key: Uint8Array): Database {
  const database = new Sqlite(path, { timeout: busyTimeoutMs });
  database.pragma(`cipher = '${cipher}'`);
  database.pragma(`key = ${keyText(key)}`);
  return database;
}

function keyText(key: Uint8Array): string {
  return `"x'${Buffer.from(key).toString('hex')}'"`;
}

/** @throws GatewayError `store-locked`, `store-full`. */
export function opensWith(directory: string, key: Uint8Array): boolean {
  const path = join(directory, 'store', 'wardgate.db');
  const database = unlock(path, key);
  try {
    database.prepare('select count(*) from sqlite_schema').get();
    return true;
  } catch (cause) {
    const error = storeError(cause, path);
    if (error instanceof GatewayError && error.code === 'store-damaged') return false;
    throw error;
  } finally {
    database.close();
  }
}

/**
 * Encrypts every page anew, in one transaction: until its end the database is the old key's, and
 * from then on the new one's. Nobody else may have it open.
 *
 * @throws GatewayError `store-locked`, `store-full`.
 */
export function rekeyDatabase(directory: string, key: Uint8Array, newKey: Uint8Array): void {
  const path = join(directory, 'store', 'wardgate.db');
  const database = unlock(path, key);
  try {
    // A write-ahead log would hold pages under the old key: the change goes by a rollback journal.
    database.pragma('locking_mode = EXCLUSIVE');
    const mode = database.pragma('journal_mode = DELETE', { simple: true });
    if (mode !== 'delete') throw new GatewayError('store-locked', `${path} is in use`);
    database.pragma('synchronous = EXTRA');
    database.pragma(`rekey = ${keyText(newKey)}`);
  } catch (cause) {
    throw storeError(cause, path);
  } finally {
    database.close();
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

/** Of the SQLite that is compiled in. */
export function databaseVersion(): string {
  const database = new Sqlite(':memory:');
  try {
    return database.prepare<[], string>('select sqlite_version()').pluck().get() ?? '';
  } finally {
    database.close();
  }
}

/** What the file system says of a write when there is no room, or the disk is failing. */
const fullCodes = ['ENOSPC', 'EDQUOT', 'EROFS', 'EIO'];

/** What SQLite or the disk says of a write, in the gateway's words. Anything else is a fault of ours. */
export function storeError(cause: unknown, what: string): unknown {
  if (cause instanceof Error && 'code' in cause && fullCodes.includes(String(cause.code))) {
    return new GatewayError('store-full', `${what}: ${cause.code}`, { cause });
  }
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
function migrate(database: Database, migrations: string): void {
  const files = globSync('*.sql', { cwd: migrations }).sort();
  const found = database.pragma('user_version', { simple: true }) as number;
  if (found > files.length) {
    throw new GatewayError('store-too-new', `the database has shape ${found}`);
  }
  const texts = files.map((file) => readFileSync(join(migrations, file), 'utf8'));
  requireShape(database, texts.slice(0, found));
  if (found === files.length) return;
  database
    .transaction(() => {
      // Another process may have migrated while this one waited for the lock.
      const seen = database.pragma('user_version', { simple: true }) as number;
      for (const text of texts.slice(seen)) database.exec(text);
      database.pragma(`user_version = ${files.length}`);
      database.pragma(`application_id = ${shapeOf(texts)}`);
    })
    .immediate();
}

/** Before a first release migrations are edited in place: the number alone does not tell two shapes apart. */
function requireShape(database: Database, texts: readonly string[]): void {
  if (texts.length === 0) return;
  const found = database.pragma('application_id', { simple: true }) as number;
  if (found === shapeOf(texts)) return;
  throw new GatewayError('store-too-old', 'the database has a shape of before');
}

/** Of 31 bits, as the header of a database has room for them. */
function shapeOf(texts: readonly string[]): number {
  return createHash('sha256').update(texts.join('')).digest().readUInt32BE() >>> 1;
}
