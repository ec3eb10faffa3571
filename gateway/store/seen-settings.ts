import type { Database } from './database.ts';

/** Digests of the settings the gateway ran with last, by path: never the settings themselves. */
export interface SeenSettings {
  all(): Readonly<Record<string, string>>;
  replace(digest: Readonly<Record<string, string>>): void;
}

export function openSeenSettings(database: Database): SeenSettings {
  const all = database.prepare<[], { path: string; digest: string }>(
    'select path, digest from seen_setting order by path',
  );
  const clear = database.prepare('delete from seen_setting');
  const add = database.prepare('insert into seen_setting (path, digest) values (?, ?)');
  return {
    all: () => Object.fromEntries(all.all().map(({ path, digest }) => [path, digest])),
    replace(digest) {
      clear.run();
      for (const [path, value] of Object.entries(digest)) add.run(path, value);
    },
  };
}
