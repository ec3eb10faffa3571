import type { AuditRecord } from '../core/audit-entry.ts';
import { hashOf, type Place } from './chain.ts';
import type { AuditProblem } from './verify.ts';

/** Entries looked at in one round: some milliseconds on a small machine. */
export const patrolCountMax = 256;

/** The trail of a running gateway, as it is read. */
export interface Trail {
  readonly list: (after: number, countMax: number) => readonly AuditRecord[];
  readonly last: () => Place | undefined;
  /** What was signed last of where the chain ended, whoever signed it. */
  readonly signed: () => readonly Place[];
  /** The hash that must stand before the first entry that is there; undefined: that is not the first. */
  readonly startOf: (record: AuditRecord) => string | undefined;
}

/** How far a patrol is. */
export interface Patrol {
  /** The newest entry that was seen: it must stay what it was. */
  readonly end?: Place | undefined;
  /** Up to here the older ones were looked at in this round through the whole trail. */
  readonly cursor?: Place | undefined;
}

export interface PatrolLook {
  readonly patrol: Patrol;
  readonly problems: readonly AuditProblem[];
}

/**
 * One look at a trail that goes on: whether what was seen or signed last is still there, what came since,
 * and the next part of all that is older. A gap is passed, so that it hides no other one.
 */
export function patrolTrail({ end, cursor }: Patrol, trail: Trail): PatrolLook {
  const cut = end && cutAt(end, trail);
  const newer = end && !cut ? walk(end, trail.list(end.sequence, patrolCountMax)) : undefined;
  const older = walkOlder(cursor, trail);
  const unsigned = trail.signed().map((place) => cutAt(place, trail));
  const all = [cut, ...unsigned, newer?.problem, older.problem];
  const problems = all.filter((problem) => problem !== undefined);
  return { patrol: { end: newer?.place ?? trail.last(), cursor: older.place }, problems };
}

function cutAt({ sequence, hash }: Place, { list, startOf }: Trail): AuditProblem | undefined {
  const [record] = list(sequence - 1, 1);
  if (!record) return { sequence, problem: 'truncated' };
  if (record.sequence !== sequence) {
    return startOf(record) === undefined ? { sequence, problem: 'missing' } : undefined;
  }
  return record.hash === hash ? undefined : { sequence, problem: 'replaced' };
}

interface Walk {
  readonly place: Place | undefined;
  readonly problem?: AuditProblem | undefined;
}

/** Begins anew once the end is reached, and where entries beyond their time were deleted meanwhile. */
function walkOlder(cursor: Place | undefined, { list, startOf }: Trail): Walk {
  const entries = list(cursor?.sequence ?? 0, patrolCountMax);
  const [first] = entries;
  if (!first) return { place: undefined };
  if (cursor && first.sequence === cursor.sequence + 1) return walk(cursor, entries);
  const start = startOf(first);
  if (start === undefined) {
    const sequence = (cursor?.sequence ?? 0) + 1;
    return { place: placeOf(first), problem: { sequence, problem: 'missing' } };
  }
  return walk({ sequence: first.sequence - 1, hash: start }, entries);
}

function walk(from: Place, entries: readonly AuditRecord[]): Walk {
  let last = from;
  for (const record of entries) {
    const sequence = last.sequence + 1;
    const place = placeOf(record);
    if (record.sequence !== sequence) return { place, problem: { sequence, problem: 'missing' } };
    if (hashOf(record, sequence, last.hash) !== record.hash) {
      return { place, problem: { sequence, problem: 'edited' } };
    }
    last = place;
  }
  return { place: last };
}

function placeOf({ sequence, hash }: AuditRecord): Place {
  return { sequence, hash };
}
