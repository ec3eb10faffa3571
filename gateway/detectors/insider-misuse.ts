import { defineDetector } from '../core/detector.ts';
import type { Severity } from '../core/finding.ts';
import type { Signal } from '../core/signal.ts';
import { noTally, type Tally, tally } from '../core/tally.ts';

const hourMs = 3_600_000;
/** A backup, an audit, a look at what was refused: somebody who does their work exports a few times. */
const exportsMax = 10;
/** Whoever breaks the glass so often in a day needs another role, or watching. */
const overridesMax = 3;
const dayMs = 24 * hourMs;

interface Acts {
  readonly exports: Tally;
  readonly overrides: Tally;
  readonly others: Tally;
}

/** A person who may do it does it too often, or without anybody looking at it. */
export default defineDetector<Acts>({
  id: 'insider-misuse',
  threat: 'D19',
  watches: ['patients-beyond', 'acted', 'glass-unreviewed'],
  start: { exports: noTally, overrides: noTally, others: noTally },

  step(before, signal) {
    if (signal.kind === 'acted' && signal.act === 'export') {
      const exports = tally(before.exports, signal.at, hourMs);
      const state = { ...before, exports };
      if (exports.count !== exportsMax + 1) return { state };
      return { state, finding: findingOf('mass-export', 'medium', exports, hourMs, signal) };
    }
    if (signal.kind === 'acted') {
      const overrides = tally(before.overrides, signal.at, dayMs);
      const state = { ...before, overrides };
      if (overrides.count !== overridesMax + 1) return { state };
      return { state, finding: findingOf('break-glass-often', 'medium', overrides, dayMs, signal) };
    }
    const others = tally(before.others, signal.at, hourMs);
    const state = { ...before, others };
    if (others.count > 1) return { state };
    const [what, severity] =
      signal.kind === 'patients-beyond'
        ? (['patients-beyond', 'high'] as const)
        : (['break-glass-unreviewed', 'low'] as const);
    return { state, finding: findingOf(what, severity, others, hourMs, signal) };
  },
});

function findingOf(
  what: string,
  severity: Severity,
  { count }: Tally,
  withinMs: number,
  { kind }: Signal,
) {
  return {
    severity,
    confidence: 0.7,
    outcome: kind === 'patients-beyond' ? ('blocked' as const) : ('detected' as const),
    evidence: { what, count, withinMs },
  };
}
