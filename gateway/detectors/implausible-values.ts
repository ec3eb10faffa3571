import { defineDetector } from '../core/detector.ts';
import { noTally, type Tally, tally } from '../core/tally.ts';

const windowMs = 60_000;
/** One artefact is a loose sensor; this many in a minute are a fault or a falsification. */
const countMax = 5;

/** A data-integrity check, never a clinical alarm: values no living patient could produce. */
export default defineDetector<Tally>({
  id: 'implausible-values',
  threat: 'D08',
  watches: ['rejected'],
  start: noTally,

  step(before, signal) {
    if (signal.kind !== 'rejected' || signal.reason !== 'implausible') return { state: before };
    const state = tally(before, signal.at, windowMs);
    if (state.count !== countMax) return { state };
    return {
      state,
      finding: {
        severity: 'medium',
        confidence: 0.8,
        outcome: 'blocked',
        evidence: { metric: metricOf(signal.detail), windowMs },
      },
    };
  },
});

/** `MDC_PULS_OXIM_SAT_O2=999 %` without the figure: evidence holds no patient's value. */
function metricOf(detail: string): string {
  return detail.split('=')[0] ?? '';
}
