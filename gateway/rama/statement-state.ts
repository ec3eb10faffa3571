import type { Instant } from '../core/observation.ts';
import type { Statement, StatementState } from '../core/rama.ts';

/** A statement that is dated after now is not older than now. */
export function stateOf(statement: Statement<unknown> | undefined, now: Instant): StatementState {
  if (!statement) return 'unknown';
  return now - statement.at <= statement.ttlMs ? 'known' : 'stale';
}
