import type { Exploited, Likelihood, Vulnerability } from '../core/vulnerability.ts';
import { keysOfVulnerability } from '../vulnerabilities/matching.ts';
import { type Database, openDatabase, storeError } from './database.ts';

/** What the feeds say, in a database of its own beside the site’s. */
export interface Feeds {
  /**
   * An import: all of it or none, however long it takes. Nobody who reads meanwhile sees any of it.
   */
  change<Result>(work: (change: FeedChange) => Promise<Result>): Promise<Result>;
  /** Vulnerabilities that share a key with a component, each once. */
  named(keys: Iterable<string>): Iterable<Vulnerability>;
  exploitedSince(id: string): number | undefined;
  epss(id: string): number | undefined;
  close(): void;
}

export interface FeedChange {
  /** In the place of what the same source said before, unless that is newer. */
  put(vulnerability: Vulnerability): void;
  /** What is changed until `keep` or `drop` can be taken back alone. */
  begin(): void;
  keep(): void;
  drop(): void;
  clearExploited(): void;
  putExploited(exploited: Exploited): void;
  clearLikelihoods(): void;
  putLikelihood(likelihood: Likelihood): void;
}

/** Opens it, made where it is not there. `key`: 32 bytes of its own, not the site’s. */
export function openFeeds(directory: string, key: Uint8Array): Feeds {
  const database = openDatabase(directory, key, false, 'feeds');
  const named = database.prepare<[string], { number: number; body: string }>(
    `select number, body from named join vulnerability using (number) where key = ?`,
  );
  const exploited = database
    .prepare<[string], number>('select added_at from exploited where id = ?')
    .pluck();
  const epss = database
    .prepare<[string], number>('select epss from likelihood where id = ?')
    .pluck();
  return {
    async change(work) {
      database.exec('begin immediate');
      try {
        const result = await work(changeOf(database));
        database.exec('commit');
        return result;
      } catch (cause) {
        if (database.inTransaction) database.exec('rollback');
        throw storeError(cause, 'the import was not kept');
      }
    },
    *named(keys) {
      const seen = new Set<number>();
      for (const each of keys) {
        for (const { number, body } of named.iterate(each)) {
          if (seen.has(number)) continue;
          seen.add(number);
          yield JSON.parse(body) as Vulnerability;
        }
      }
    },
    exploitedSince: (id) => exploited.get(id),
    epss: (id) => epss.get(id),
    close: () => void database.close(),
  };
}

/** Its files, which a backup leaves out: what is in them is public, and can be imported again. */
export const feedFiles: readonly string[] = ['', '-wal', '-shm', '-journal'].map(
  (suffix) => `store/feeds.db${suffix}`,
);

function changeOf(database: Database): FeedChange {
  const before = database.prepare<
    [string, string],
    { number: number; modified_at: number; body: string }
  >('select number, modified_at, body from vulnerability where id = ? and source = ?');
  const insert = database.prepare(
    'insert into vulnerability (id, source, modified_at, body) values (?, ?, ?, ?)',
  );
  const update = database.prepare(
    'update vulnerability set modified_at = ?, body = ? where number = ?',
  );
  const name = database.prepare('insert or ignore into named (key, number) values (?, ?)');
  const unname = database.prepare('delete from named where key = ? and number = ?');
  const addExploited = database.prepare('insert or replace into exploited values (?, ?)');
  const addLikelihood = database.prepare('insert or replace into likelihood values (?, ?)');
  return {
    put(vulnerability) {
      const { id, source, modifiedAt } = vulnerability;
      const old = before.get(id, source);
      if (old && old.modified_at > modifiedAt) return;
      const body = JSON.stringify(vulnerability);
      if (old?.body === body) return;
      if (old) {
        const said = JSON.parse(old.body) as Vulnerability;
        for (const key of keysOfVulnerability(said)) unname.run(key, old.number);
        update.run(modifiedAt, body, old.number);
      }
      const number =
        old?.number ?? Number(insert.run(id, source, modifiedAt, body).lastInsertRowid);
      for (const key of keysOfVulnerability(vulnerability)) name.run(key, number);
    },
    begin: () => void database.exec('savepoint feed'),
    keep: () => void database.exec('release feed'),
    drop: () => void database.exec('rollback to feed; release feed'),
    clearExploited: () => void database.exec('delete from exploited'),
    putExploited: ({ id, addedAt }) => void addExploited.run(id, addedAt),
    clearLikelihoods: () => void database.exec('delete from likelihood'),
    putLikelihood: ({ id, epss }) => void addLikelihood.run(id, epss),
  };
}
