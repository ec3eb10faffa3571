import type { Instant } from '../core/observation.ts';
import type { Statement, StatementState } from '../core/rama.ts';

/** A statement that is dated after now is not older than now; one with no time to live is stale. */
export function stateOf(statement: Statement<unknown> | undefined, now: Instant): StatementState {
  if (!statement) return 'unknown';
  return Math.max(0, now - statement.at) <= statement.ttlMs ? 'known' : 'stale';
}
