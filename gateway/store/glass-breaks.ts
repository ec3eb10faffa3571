import type { GlassBreak, GlassVerdict } from '../core/break-glass.ts';
import type { Database } from './database.ts';

/** Who broke the glass, and who looked at it. Rows are added and reviewed once, never taken away. */
export interface GlassBreaks {
  add(row: Pick<GlassBreak, 'user' | 'reason' | 'openedAt' | 'until'>): number;
  find(sequence: number): GlassBreak | undefined;
  /** The one that raises the user now. */
  open(user: string, now: number): GlassBreak | undefined;
  /** Newest first, below a number; of one user or of all. */
  page(before: number, countMax: number, user?: string): readonly GlassBreak[];
  review(sequence: number, by: string, verdict: GlassVerdict, at: number): void;
}

interface GlassRow {
  sequence: number;
  user: string;
  reason: string;
  openedAt: number;
  until: number;
  reviewer: string | null;
  reviewedAt: number | null;
  verdict: GlassVerdict | null;
}

const columns = `sequence, user, reason, opened_at as openedAt, until,
  reviewer, reviewed_at as reviewedAt, verdict`;

export function openGlassBreaks(database: Database): GlassBreaks {
  const add = database.prepare(
    `insert into glass_break (user, reason, opened_at, until)
     values (@user, @reason, @openedAt, @until)`,
  );
  const find = database.prepare<[number], GlassRow>(
    `select ${columns} from glass_break where sequence = ?`,
  );
  const open = database.prepare<[string, number, number], GlassRow>(
    `select ${columns} from glass_break where user = ? and opened_at <= ? and until > ?
     order by until desc limit 1`,
  );
  const page = database.prepare<
    { before: number; user: string | null; countMax: number },
    GlassRow
  >(
    `select ${columns} from glass_break where sequence < @before and (@user is null or user = @user)
     order by sequence desc limit @countMax`,
  );
  const review = database.prepare(
    `update glass_break set reviewer = ?, verdict = ?, reviewed_at = ?
     where sequence = ? and reviewer is null`,
  );
  return {
    add: (row) => Number(add.run(row).lastInsertRowid),
    find: (sequence) => fromRow(find.get(sequence)),
    // A clock that was set back must not raise anybody for longer.
    open: (user, now) => fromRow(open.get(user, now, now)),
    page: (before, countMax, user) =>
      page.all({ before, countMax, user: user ?? null }).flatMap((row) => fromRow(row) ?? []),
    review: (sequence, by, verdict, at) => void review.run(by, verdict, at, sequence),
  };
}

function fromRow(row: GlassRow | undefined): GlassBreak | undefined {
  if (!row) return undefined;
  const { reviewer, reviewedAt, verdict, ...rest } = row;
  if (reviewer === null || reviewedAt === null || verdict === null) return rest;
  return { ...rest, review: { by: reviewer, at: reviewedAt, verdict } };
}
