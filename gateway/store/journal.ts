import type { Finding } from '../core/finding.ts';
import type { Rejection } from '../core/intake.ts';
import type { FindingQuery, NumberedFinding } from '../core/site-state.ts';
import type { Database } from './database.ts';

/** The most rejections and findings kept: an attacker’s noise must not fill the disk. */
const rejectionsMax = 100_000;
const findingsMax = 20_000;

/** What went no further, and what was found: kept for a time, for people to look at. */
export interface Journal {
  addRejections(rejections: readonly Rejection[]): void;
  addFindings(findings: readonly Finding[]): void;
  findings(): readonly Finding[];
  /** Newest first. */
  findingPage(query: FindingQuery): readonly NumberedFinding[];
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
    `insert into finding (at, threat, detector, about, severity, confidence, outcome, evidence)
     values (@at, @threat, @detector, @about, @severity, @confidence, @outcome, @evidence)`,
  );
  const findings = database.prepare<[], Omit<Finding, 'evidence'> & { evidence: string }>(
    `select at, threat, detector, about, severity, confidence, outcome, evidence
     from finding order by sequence`,
  );
  const page = database.prepare<
    Record<keyof FindingQuery, string | number | null>,
    Omit<NumberedFinding, 'evidence'> & { evidence: string }
  >(
    `select sequence, at, threat, detector, about, severity, confidence, outcome, evidence
     from finding
     where (@before is null or sequence < @before) and (@threat is null or threat = @threat)
       and (@about is null or about = @about) and (@sinceAt is null or at >= @sinceAt)
     order by sequence desc limit @countMax`,
  );
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
    addFindings: (rows) => {
      for (const row of rows) addFinding.run({ ...row, evidence: JSON.stringify(row.evidence) });
    },
    findings: () => findings.all().map((row) => ({ ...row, evidence: JSON.parse(row.evidence) })),
    findingPage: ({ before, countMax, threat, about, sinceAt }) =>
      page
        .all({
          before: before ?? null,
          countMax,
          threat: threat ?? null,
          about: about ?? null,
          sinceAt: sinceAt ?? null,
        })
        .map((row) => ({ ...row, evidence: JSON.parse(row.evidence) })),
    rejections: () => rejections.all(),
    forget(before) {
      const [rejection, finding] = forget;
      rejection?.run({ before, countMax: rejectionsMax });
      finding?.run({ before, countMax: findingsMax });
    },
  };
}
