import type { AuditRecord, Checkpoint } from '../core/audit-entry.ts';
import { genesisHash, hashOf } from './chain.ts';

/** What can be wrong with an audit trail, and what it means. */
export const auditProblems = {
  edited: 'the entry is not the one that was written',
  missing: 'entries are not there',
  reordered: 'entries changed their places',
  truncated: 'the end is missing: a signed checkpoint knows of later entries',
  replaced: 'the chain was made anew: a signed checkpoint knows another one',
  signature: 'a checkpoint was not signed by this site’s key',
  unanchored: 'there is no signed checkpoint at all',
} as const;

export interface AuditProblem {
  /** The first entry that is wrong. */
  readonly sequence: number;
  readonly problem: keyof typeof auditProblems;
}

export interface AuditVerdict {
  readonly problem: AuditProblem | undefined;
  /** The first entry that is there and the last one that was reached. */
  readonly from: number;
  readonly until: number;
  /** Up to here a signed checkpoint vouches for it; what comes after is chained only. */
  readonly anchoredUntil: number;
}

/** How far an entry that changed its place is looked for, within its page. */
const reorderedWithin = 256;

/**
 * Walks the chain from its first entry and stops at the first that is wrong. Pure.
 *
 * @param pages the entries in order of their numbers, a part at a time.
 * @param checkpoints all that are known, in any order.
 * @param isSigned whether the signature of a checkpoint is the site's.
 */
export function verifyChain(
  pages: Iterable<readonly AuditRecord[]>,
  checkpoints: readonly Checkpoint[],
  isSigned: (checkpoint: Checkpoint) => boolean,
): AuditVerdict {
  const signed = checkpoints.filter(isSigned);
  const forged = checkpoints.filter((checkpoint) => !signed.includes(checkpoint));
  const walk = walkChain(pages, signed);
  const problems = [
    ...forged.map(({ sequence }) => ({ sequence, problem: 'signature' as const })),
    walk.problem,
  ].filter((problem) => problem !== undefined);
  const [first] = problems.sort((a, b) => a.sequence - b.sequence);
  return { ...walk, problem: first };
}

function walkChain(
  pages: Iterable<readonly AuditRecord[]>,
  signed: readonly Checkpoint[],
): AuditVerdict {
  const anchors = Map.groupBy(
    signed.filter(({ kind }) => kind === 'checkpoint'),
    ({ sequence }) => sequence,
  );
  const known = Math.max(0, ...anchors.keys());
  let [from, until, anchoredUntil, previous] = [0, 0, 0, genesisHash];
  const verdict = (problem?: AuditProblem) => ({ problem, from, until, anchoredUntil });

  for (const page of pages) {
    for (const [index, record] of page.entries()) {
      if (from === 0) {
        const start = startOf(record, signed);
        if (start === undefined)
          return verdict({ sequence: firstAfter(signed), problem: 'missing' });
        [from, until, previous] = [record.sequence, record.sequence - 1, start];
      }
      if (record.sequence !== until + 1) {
        return verdict({ sequence: until + 1, problem: 'missing' });
      }
      const { sequence, hash } = record;
      if (hashOf(record, sequence, previous) !== hash) {
        const near = page.slice(Math.max(0, index - reorderedWithin), index + reorderedWithin);
        const problem = wasMoved(record, near, previous) ? 'reordered' : 'edited';
        return verdict({ sequence, problem });
      }
      const said = anchors.get(sequence);
      if (said?.some((checkpoint) => checkpoint.hash !== hash)) {
        return verdict({ sequence, problem: 'replaced' });
      }
      until = sequence;
      previous = hash;
      if (said) anchoredUntil = sequence;
    }
  }
  if (known > until) return verdict({ sequence: until + 1, problem: 'truncated' });
  if (until > 0 && anchors.size === 0) return verdict({ sequence: 1, problem: 'unanchored' });
  return verdict();
}

/** The hash that must stand before the first entry that is there, by what was signed. */
export function startOf(
  { sequence }: Pick<AuditRecord, 'sequence'>,
  signed: readonly Checkpoint[],
): string | undefined {
  if (sequence === 1) return genesisHash;
  const pruned = signed.find(
    (checkpoint) => checkpoint.kind === 'pruned' && checkpoint.sequence === sequence - 1,
  );
  return pruned?.hash;
}

/** The first entry that pruning left. */
function firstAfter(signed: readonly Checkpoint[]): number {
  const pruned = signed.filter(({ kind }) => kind === 'pruned').map(({ sequence }) => sequence);
  return Math.max(0, ...pruned) + 1;
}

/** Whether the entry that belongs here stands somewhere near, with its hash or without it. */
function wasMoved(record: AuditRecord, near: readonly AuditRecord[], previous: string): boolean {
  return near.some((other) => {
    if (other === record) return false;
    const hash = hashOf(other, record.sequence, previous);
    return hash === other.hash || hash === record.hash;
  });
}

/** The most entries of the end that are looked at. */
export const tailLengthMax = 10_000;

/**
 * Verifies the end of the chain only: from the newest checkpoint on.
 *
 * @param list the entries after a number, in order.
 */
export function verifyTail(
  newest: Checkpoint | undefined,
  list: (after: number) => readonly AuditRecord[],
  isSigned: (checkpoint: Checkpoint) => boolean,
): AuditProblem | undefined {
  if (!newest) return list(0).length > 0 ? { sequence: 1, problem: 'unanchored' } : undefined;
  const { sequence, hash } = newest;
  if (!isSigned(newest)) return { sequence, problem: 'signature' };
  const [first, ...rest] = list(sequence - 1);
  if (first?.sequence !== sequence) return { sequence, problem: 'truncated' };
  if (first.hash !== hash) return { sequence, problem: 'replaced' };
  let last = first;
  for (const record of rest) {
    const expected = last.sequence + 1;
    if (record.sequence !== expected) return { sequence: expected, problem: 'missing' };
    if (hashOf(record, expected, last.hash) !== record.hash) {
      return { sequence: expected, problem: 'edited' };
    }
    last = record;
  }
  return undefined;
}
