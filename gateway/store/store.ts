import { type Audit, openAudit } from './audit.ts';
import { type Counters, openCounters } from './counters.ts';
import { type Database, openDatabase, storeError } from './database.ts';
import { type Devices, openDevices } from './devices.ts';
import { type Held, openHeld } from './held.ts';
import { type Journal, openJournal } from './journal.ts';
import { type Outbox, openOutbox } from './outbox.ts';
import { openUsers, type Users } from './users.ts';

/** Everything the site keeps, in one file. */
export interface Store {
  readonly devices: Devices;
  readonly outbox: Outbox;
  readonly held: Held;
  readonly journal: Journal;
  readonly audit: Audit;
  readonly users: Users;
  readonly counters: Counters;
  /** All of it or none of it, on the disk when it returns. */
  transact<Result>(change: () => Result): Result;
  /** Rises whenever another process changed the database. */
  version(): number;
  /** What SQLite’s own check finds wrong, if anything. */
  problem(): string | undefined;
  close(): void;
}

export function openStore(
  directory: string,
  key: Uint8Array,
  { mustExist = false }: { readonly mustExist?: boolean } = {},
): Store {
  const database: Database = openDatabase(directory, key, mustExist);
  const counters = openCounters(database);
  return {
    counters,
    devices: openDevices(database),
    outbox: openOutbox(database, counters),
    held: openHeld(database),
    journal: openJournal(database),
    audit: openAudit(database),
    users: openUsers(database),
    transact(change) {
      try {
        return database.transaction(change).immediate();
      } catch (cause) {
        throw storeError(cause, 'the transaction was not kept');
      }
    },
    version: () => database.pragma('data_version', { simple: true }) as number,
    problem() {
      const verdict = database.pragma('quick_check(1)', { simple: true }) as string;
      return verdict === 'ok' ? undefined : verdict;
    },
    close: () => void database.close(),
  };
}
