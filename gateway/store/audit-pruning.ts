import { signCheckpoint } from '../audit/checkpoint.ts';
import type { Audit, AuditSigner } from './audit.ts';
import { openCheckpointFile } from './checkpoints.ts';
import type { Database } from './database.ts';

/** The most entries kept whatever their age: some 40 days of a flood that never ends. */
const entriesMax = 1_000_000;
/** Pruning is an act with an entry of its own: it waits until there is a day's worth. */
const dayMs = 86_400_000;

/**
 * Deletes the oldest entries of the audit trail, once they are older than their time or beyond the
 * limit. A signed statement says up to which entry that was done, so that the rest still verifies and
 * nobody else can shorten it. Returns how many went.
 *
 * Call it inside `store.transact`.
 */
export function pruneAudit(
  database: Database,
  directory: string,
  audit: Audit,
  signer: AuditSigner,
  { before, sentUntil }: { readonly before: number; readonly sentUntil: number | undefined },
): number {
  const place = database.prepare<[number], { sequence: number; hash: string }>(
    'select sequence, hash from audit where sequence = ?',
  );
  const bounds = database
    .prepare<[number], { first: number; last: number; firstAt: number; young: number | null }>(
      `select min(sequence) as first, max(sequence) as last,
       (select at from audit order by sequence limit 1) as firstAt,
       (select min(sequence) from audit where at >= ?) as young from audit`,
    )
    .get(before);
  if (!bounds?.first) return 0;
  const { first, last, firstAt, young } = bounds;
  const isDue = firstAt < before - dayMs || last - first + 1 > entriesMax;
  // The last entry stays: the next one is chained to it.
  const old = Math.min((young ?? last) - 1, last - 1);
  const until = Math.max(old, last - entriesMax);
  const end = isDue && until >= first ? place.get(until) : undefined;
  if (!end) return 0;

  const file = openCheckpointFile(directory);
  const kept = file.list().filter(({ kind, sequence }) => sequence > until || kind === 'pruned');
  const useful = kept.filter(({ kind, sequence }) => kind !== 'pruned' || sequence >= first - 1);
  // Before the entries go: after a power cut there is a statement too many, never one too few.
  file.replace([...useful, signCheckpoint('pruned', end, signer.now(), signer.key)]);
  database.prepare('delete from audit where sequence <= ?').run(until);
  const unsent = sentUntil === undefined ? 0 : Math.max(0, until - Math.max(sentUntil, first - 1));
  audit.add({
    at: signer.now(),
    actor: 'gateway',
    action: 'audit.prune',
    object: `${until}`,
    outcome: 'success',
    detail: `${until - first + 1} entries${unsent > 0 ? `, ${unsent} never sent` : ''}`,
  });
  return until - first + 1;
}
