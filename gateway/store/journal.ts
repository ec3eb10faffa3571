import type { Finding, HourCount, NumberedFinding } from '../core/finding.ts';
import type { Rejection } from '../core/intake.ts';
import type { Database } from './database.ts';
import { type Episodes, openEpisodes } from './episodes.ts';

/** The most rejections and findings kept: an attacker’s noise must not fill the disk. */
const rejectionsMax = 100_000;
const findingsMax = 20_000;

/** What went no further, and what was found: kept for a time, for people to look at. */
export interface Journal {
  addRejections(rejections: readonly Rejection[]): void;
  /** Each into its episode. Returns the numbers of those, in the order of the findings. */
  addFindings(findings: readonly Finding[]): readonly number[];
  findings(): readonly Finding[];
  /** The last findings of one episode, newest first. */
  findingsOf(episode: number, countMax: number): readonly Finding[];
  /** Those with higher numbers, at most so many, in their order. */
  findingsAfter(sequence: number, countMax: number): readonly NumberedFinding[];
  /** How many of each detector, hour by hour back from `now`; `first`: the time of the oldest of all. */
  findingCounts(
    now: number,
    hours: number,
  ): { readonly counts: readonly HourCount[]; readonly first: number | undefined };
  readonly episodes: Episodes;
  rejections(): readonly {
    readonly device: string;
    readonly reason: string;
    readonly count: number;
  }[];
  /** Forgets what is older, and the oldest beyond the limits. */
  forget(before: number): void;
}

export function openJournal(database: Database): Journal {
  const addRejection = database.prepare(
    `insert into rejection (device, at, stage, reason, detail)
     values (@device, @at, @stage, @reason, @detail)`,
  );
  const addFinding = database.prepare(
    `insert into finding (episode, at, threat, detector, about, severity, confidence, outcome,
       evidence)
     values (@episode, @at, @threat, @detector, @about, @severity, @confidence, @outcome, @evidence)`,
  );
  const columns = 'at, threat, detector, about, severity, confidence, outcome, evidence';
  const findings = database.prepare<[], Row>(`select ${columns} from finding order by sequence`);
  const findingsOf = database.prepare<[number, number], Row>(
    `select ${columns} from finding where episode = ? order by sequence desc limit ?`,
  );
  const findingsAfter = database.prepare<[number, number], NumberedRow>(
    `select sequence, episode, ${columns} from finding where sequence > ? order by sequence limit ?`,
  );
  const findingCounts = database.prepare<{ now: number; from: number }, HourCount>(
    `select detector, cast((@now - at) / 3600000 as integer) as hoursAgo, count(*) as count
     from finding where at > @from and at <= @now group by 1, 2`,
  );
  const firstFinding = database.prepare<[], { at: number | null }>(
    'select min(at) as at from finding',
  );
  const episodes = openEpisodes(database);
  const rejections = database.prepare<[], { device: string; reason: string; count: number }>(
    'select device, reason, count(*) as count from rejection group by device, reason order by 1, 2',
  );
  const forget = (['rejection', 'finding'] as const).map((table) =>
    database.prepare(
      `delete from ${table} where at < @before
       or sequence <= (select coalesce(max(sequence), 0) from ${table}) - @countMax`,
    ),
  );
  return {
    addRejections: (rows) => {
      for (const row of rows) addRejection.run(row);
    },
    addFindings: (rows) =>
      rows.map((row) => {
        const episode = episodes.add(row);
        addFinding.run({ ...row, episode, evidence: JSON.stringify(row.evidence) });
        return episode;
      }),
    findings: () => findings.all().map(findingOf),
    findingsOf: (episode, countMax) => findingsOf.all(episode, countMax).map(findingOf),
    findingsAfter: (sequence, countMax) =>
      findingsAfter
        .all(sequence, countMax)
        .map((row) => ({ ...row, evidence: JSON.parse(row.evidence) })),
    findingCounts: (now, hours) => ({
      counts: findingCounts.all({ now, from: now - hours * 3_600_000 }),
      first: firstFinding.get()?.at ?? undefined,
    }),
    episodes,
    rejections: () => rejections.all(),
    forget(before) {
      const [rejection, finding] = forget;
      rejection?.run({ before, countMax: rejectionsMax });
      finding?.run({ before, countMax: findingsMax });
      episodes.forget(before);
    },
  };
}

type NumberedRow = Row & Pick<NumberedFinding, 'sequence' | 'episode'>;
type Row = Omit<Finding, 'evidence'> & { readonly evidence: string };

function findingOf(row: Row): Finding {
  return { ...row, evidence: JSON.parse(row.evidence) };
}
