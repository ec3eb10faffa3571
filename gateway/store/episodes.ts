import {
  type CloseCause,
  type Episode,
  type EpisodeFigures,
  type EpisodeState,
  episodeMs,
  joined,
} from '../core/episode.ts';
import type { Finding } from '../core/finding.ts';
import type { EpisodeQuery } from '../core/site-state.ts';
import type { Database } from './database.ts';

/** The most episodes kept: an attacker’s noise must not fill the disk. */
const episodesMax = 20_000;

/** What was found, as people work with it. */
export interface Episodes {
  /** Into the open episode it belongs to, or into one of its own. Returns its number. */
  add(finding: Finding): number;
  find(sequence: number): Episode | undefined;
  /** Newest first. */
  page(query: EpisodeQuery): readonly Episode[];
  /** All about one device or address that went on after a time, oldest first. */
  of(about: string, sinceAt: number): readonly Episode[];
  judge(sequence: number, judgement: EpisodeJudgement): void;
  /** Forgets what was closed and is older, and the oldest beyond the limit. */
  forget(before: number): void;
}

export interface EpisodeJudgement {
  readonly state: EpisodeState;
  readonly cause?: CloseCause | undefined;
  readonly actor: string;
  readonly changedAt: number;
  readonly reason: string;
}

type Nullable = 'cause' | 'actor' | 'changedAt' | 'reason';
type Row = Omit<Episode, Nullable | 'evidence'> & {
  readonly [Key in Nullable]: NonNullable<Episode[Key]> | null;
} & { readonly evidence: string };

const columns = `sequence, threat, detector, about, at, last_at as lastAt, count, severity,
  confidence, outcome, evidence, state, cause, actor, changed_at as changedAt, reason`;

export function openEpisodes(database: Database): Episodes {
  const open = database.prepare<[string, string, number], Row>(
    `select ${columns} from episode
     where detector = ? and about = ? and at > ? and state <> 'closed'
     order by sequence desc limit 1`,
  );
  const begin = database.prepare(
    `insert into episode (threat, detector, about, at, last_at, count, severity, confidence, outcome,
       evidence, state)
     values (@threat, @detector, @about, @at, @at, 1, @severity, @confidence, @outcome, @evidence,
       'new')`,
  );
  const join = database.prepare(
    `update episode set last_at = @lastAt, count = @count, severity = @severity,
       confidence = @confidence, outcome = @outcome, evidence = @evidence
     where sequence = @sequence`,
  );
  const find = database.prepare<[number], Row>(`select ${columns} from episode where sequence = ?`);
  const page = database.prepare<Record<keyof EpisodeQuery, string | number | null>, Row>(
    `select ${columns} from episode
     where (@before is null or sequence < @before) and (@threat is null or threat = @threat)
       and (@about is null or about = @about) and (@state is null or state = @state)
       and (@sinceAt is null or last_at >= @sinceAt)
     order by sequence desc limit @countMax`,
  );
  const of = database.prepare<[string, number], Row>(
    `select ${columns} from episode where about = ? and last_at >= ? order by sequence`,
  );
  const judge = database.prepare(
    `update episode set state = @state, cause = @cause, actor = @actor, changed_at = @changedAt,
       reason = @reason
     where sequence = @sequence`,
  );
  const forget = database.prepare(
    `delete from episode where (state = 'closed' and last_at < @before)
       or sequence <= (select coalesce(max(sequence), 0) from episode) - @countMax`,
  );
  return {
    add(finding) {
      const { detector, about, at } = finding;
      const row = open.get(detector, about, at - episodeMs);
      if (!row) return Number(begin.run(written(finding)).lastInsertRowid);
      join.run({ sequence: row.sequence, ...written(joined(fromRow(row), finding)) });
      return row.sequence;
    },
    find(sequence) {
      const row = find.get(sequence);
      return row && fromRow(row);
    },
    page: ({
      before = null,
      countMax,
      threat = null,
      about = null,
      state = null,
      sinceAt = null,
    }) => page.all({ before, countMax, threat, about, state, sinceAt }).map(fromRow),
    of: (about, sinceAt) => of.all(about, sinceAt).map(fromRow),
    judge: (sequence, { cause = null, ...judgement }) =>
      void judge.run({ sequence, cause, ...judgement }),
    forget: (before) => void forget.run({ before, countMax: episodesMax }),
  };
}

function written<Said extends Pick<EpisodeFigures, 'evidence'>>(said: Said) {
  return { ...said, evidence: JSON.stringify(said.evidence) };
}

function fromRow({ evidence, ...row }: Row): Episode {
  const said = Object.fromEntries(Object.entries(row).filter(([, value]) => value !== null));
  return { ...(said as Omit<Episode, 'evidence'>), evidence: JSON.parse(evidence) };
}
