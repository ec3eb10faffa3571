import type { KeyObject } from 'node:crypto';
import { chain, type Place } from '../audit/chain.ts';
import { signCheckpoint } from '../audit/checkpoint.ts';
import type { AuditEntry, AuditRecord, Checkpoint } from '../core/audit-entry.ts';
import { type CheckpointFile, openCheckpointFile } from './checkpoints.ts';
import { type Database, storeError } from './database.ts';

/** Who signs the audit trail's checkpoints, and when it is. */
export interface AuditSigner {
  /** Ed25519. */
  readonly key: KeyObject;
  readonly now: () => number;
}

/**
 * The audit trail: every administrative act, refused access, association, refusal of a destination
 * and change of settings, each chained to the one before.
 */
export interface Audit {
  /**
   * Call it inside the `store.transact` that does the act: then there is neither an act without its
   * entry nor an entry without its act, and an act whose entry cannot be written does not happen.
   * An act outside the store (a file, a network) is entered before it is done; if it fails after
   * all, one more entry says so. What was refused is entered too, with outcome `failure`.
   *
   * A new kind of act is one row in core/audit-action.ts.
   */
  add(entry: AuditEntry): void;
  /** The entries after this number, in order, at most so many. */
  list(after?: number, countMax?: number): readonly AuditRecord[];
  /** All after this number, a page at a time. */
  pages(after?: number): Iterable<readonly AuditRecord[]>;
  /** The newest entry's place. */
  last(): Place | undefined;
  checkpoints(): readonly Checkpoint[];
  newestCheckpoint(): Checkpoint | undefined;
  /** Some dozen of the newest ones. */
  recentCheckpoints(): readonly Checkpoint[];
  /**
   * Signs where the chain ends, if this process added to it since the last time. The store does so
   * by itself after many entries and when it is closed.
   *
   * @throws GatewayError `store-full`, `store-locked`; the next checkpoint vouches for it all.
   */
  checkpoint(): void;
}

/** Entries after which the store signs without being told. */
const uncheckedEntriesMax = 64;
const pageCount = 1_000;

const columns = 'sequence, at, actor, action, object, outcome, detail, hash';

export function openAudit(
  database: Database,
  directory: string,
  signer: AuditSigner | undefined,
): Audit & { isDue(): boolean } {
  const file = openCheckpointFile(directory);
  const insert = database.prepare(
    `insert into audit (${columns})
     values (@sequence, @at, @actor, @action, @object, @outcome, @detail, @hash)`,
  );
  const last = database.prepare<[], Place>(
    'select sequence, hash from audit order by sequence desc limit 1',
  );
  const list = database.prepare<[number, number], AuditRecord>(
    `select ${columns} from audit where sequence > ? order by sequence limit ?`,
  );
  let unchecked = 0;

  /** The write lock is held from reading the last place to writing the next one. */
  const append = database.transaction((entry: AuditEntry) => {
    insert.run(chain(entry, last.get()));
  });

  return {
    add(entry) {
      if (database.inTransaction) append(entry);
      else append.immediate(entry);
      unchecked += 1;
    },
    list: (after = 0, countMax = pageCount) => list.all(after, countMax),
    *pages(after = 0) {
      for (let from = after; ; ) {
        const page = list.all(from, pageCount);
        if (page.length === 0) return;
        yield page;
        from = page.at(-1)?.sequence ?? from;
      }
    },
    last: () => last.get(),
    checkpoints: () => file.list(),
    newestCheckpoint: () => file.recent().at(-1),
    recentCheckpoints: () => file.recent(),
    isDue: () => unchecked >= uncheckedEntriesMax,
    checkpoint() {
      if (!signer || unchecked === 0) return;
      try {
        database.transaction(() => appendCheckpoint(file, last.get(), signer)).immediate();
      } catch (cause) {
        throw storeError(cause, 'the checkpoint was not kept');
      }
      unchecked = 0;
    },
  };
}

/** Only after the commit of what it vouches for: a power cut must not leave it ahead of the chain. */
function appendCheckpoint(file: CheckpointFile, place: Place | undefined, signer: AuditSigner) {
  if (place) file.append(signCheckpoint('checkpoint', place, signer.now(), signer.key));
}
