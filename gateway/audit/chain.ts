import { createHash } from 'node:crypto';
import type { AuditEntry, AuditRecord } from '../core/audit-entry.ts';

/** What stands before the first entry. */
export const genesisHash = '0'.repeat(64);

/**
 * The hash of an entry in its place: SHA-256, in hexadecimal, of the UTF-8 text of the JSON object
 * {action, actor, at, detail, object, outcome, previous, sequence}, members in this order, without
 * white space. Strings and whole numbers are written as RFC 8785 says, so that anybody's
 * canonical JSON gives the same bytes; docs/audit.md shows it with common tools.
 *
 * @param previous the hash of the entry before, `genesisHash` for the first.
 */
export function hashOf(entry: AuditEntry, sequence: number, previous: string): string {
  const { action, actor, at, detail, object, outcome } = entry;
  // RFC 8785 3.2.3: sorted members. These names are ASCII; here they stand sorted.
  const text = JSON.stringify({ action, actor, at, detail, object, outcome, previous, sequence });
  return createHash('sha256').update(text).digest('hex');
}

/** The entry as it is chained: RFC 8785 3.2.2.2 knows no lone surrogates, and UTF-8 neither. */
export function chain(entry: AuditEntry, last: Place | undefined): AuditRecord {
  const { at, action, outcome } = entry;
  const sequence = (last?.sequence ?? 0) + 1;
  const whole = {
    at: Math.trunc(at),
    actor: entry.actor.toWellFormed(),
    action,
    object: entry.object.toWellFormed(),
    outcome,
    detail: entry.detail.toWellFormed(),
  };
  return { ...whole, sequence, hash: hashOf(whole, sequence, last?.hash ?? genesisHash) };
}

/** Where the chain ends. */
export type Place = Pick<AuditRecord, 'sequence' | 'hash'>;
