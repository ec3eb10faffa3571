import type { Bill, Feed, Match } from '../core/vulnerability.ts';
import type { Database } from './database.ts';

/** What models are made of, which vulnerabilities that has, and how old the feeds are that say so. */
export interface Vulnerabilities {
  setBill(bill: Bill): void;
  /** All but its parts. */
  billHead(model: string): BillHead | undefined;
  bills(): readonly Bill[];
  setFeed(feed: Feed): void;
  feeds(): readonly Feed[];
  /** All matches of a model, in the place of those before; when each was first seen stays. */
  setMatches(model: string, matches: readonly Omit<Match, 'firstSeenAt'>[], now: number): void;
  matches(model: string): readonly Match[];
  /** Of all models or one, by model, vulnerability and component, after a place, at most so many. */
  matchPage(after: MatchPlace, countMax: number, model?: string): readonly Match[];
  /** Undefined for a model that was never matched. */
  matchedAt(model: string): number | undefined;
}

/** What comes before all is the empty place. */
export interface MatchPlace {
  readonly model: string;
  readonly vulnerability: string;
  readonly component: string;
}

export type BillHead = Omit<Bill, 'components'>;

type FeedRow = Omit<Feed, 'publishedAt'> & { readonly publishedAt: number | null };

export function openVulnerabilities(database: Database): Vulnerabilities {
  const setBill = database.prepare('insert or replace into bill values (?, ?, ?)');
  const head = database.prepare<[string], string>('select head from bill where model = ?').pluck();
  const bills = database.prepare<[], { head: string; components: string }>(
    'select head, components from bill order by model',
  );
  const setFeed = database.prepare(
    `insert or replace into feed
     values (@kind, @name, @publishedAt, @importedAt, @entries, @badEntries)`,
  );
  const feeds = database.prepare<[], FeedRow>(
    `select kind, name, published_at publishedAt, imported_at importedAt, entries,
       bad_entries badEntries
     from feed order by kind, name`,
  );
  const matchedAt = database
    .prepare<[string], number>('select matched_at from matched_model where model = ?')
    .pluck();
  return {
    setBill: ({ components, ...rest }) =>
      void setBill.run(rest.model, JSON.stringify(rest), JSON.stringify(components)),
    billHead(model) {
      const text = head.get(model);
      return text === undefined ? undefined : (JSON.parse(text) as BillHead);
    },
    bills: () =>
      bills.all().map((row) => ({
        ...(JSON.parse(row.head) as BillHead),
        components: JSON.parse(row.components) as Bill['components'],
      })),
    setFeed: (feed) => void setFeed.run({ ...feed, publishedAt: feed.publishedAt ?? null }),
    feeds: () =>
      feeds.all().map(({ publishedAt, ...feed }) => ({
        ...feed,
        ...(publishedAt !== null && { publishedAt }),
      })),
    matchedAt: (model) => matchedAt.get(model),
    ...matchTable(database),
  };
}

function matchTable(
  database: Database,
): Pick<Vulnerabilities, 'setMatches' | 'matches' | 'matchPage'> {
  const list = database.prepare<[string], { body: string; firstSeenAt: number }>(
    `select body, first_seen_at firstSeenAt from vulnerability_match
     where model = ? order by vulnerability, component`,
  );
  const page = database.prepare<
    MatchPlace & { only: string | null; countMax: number },
    { body: string; firstSeenAt: number }
  >(
    `select body, first_seen_at firstSeenAt from vulnerability_match
     where (model, vulnerability, component) > (@model, @vulnerability, @component)
       and (@only is null or model = @only)
     order by model, vulnerability, component limit @countMax`,
  );
  const clear = database.prepare('delete from vulnerability_match where model = ?');
  const add = database.prepare('insert into vulnerability_match values (?, ?, ?, ?, ?)');
  const note = database.prepare('insert or replace into matched_model values (?, ?)');
  const read = ({ body, firstSeenAt }: { body: string; firstSeenAt: number }): Match => ({
    ...(JSON.parse(body) as Omit<Match, 'firstSeenAt'>),
    firstSeenAt,
  });
  const matches = (model: string) => list.all(model).map(read);
  const nameOf = ({ component, vulnerability }: Omit<Match, 'firstSeenAt'>) =>
    `${component.ref}\n${vulnerability}`;
  return {
    matches,
    matchPage: (after, countMax, only = undefined) =>
      page.all({ ...after, only: only ?? null, countMax }).map(read),
    setMatches(model, found, now) {
      const seen = new Map(matches(model).map((each) => [nameOf(each), each.firstSeenAt]));
      clear.run(model);
      for (const match of found) {
        const { component, vulnerability } = match;
        const since = seen.get(nameOf(match)) ?? now;
        add.run(model, component.ref, vulnerability, JSON.stringify(match), since);
      }
      note.run(model, now);
    },
  };
}
