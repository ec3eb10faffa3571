import { defineDetector } from '../core/detector.ts';
import { noTally, type Tally, tally } from '../core/tally.ts';

const episodeMs = 600_000;

/** A refused message or request holds text that is written to be run by whatever reads it next. */
export default defineDetector<Tally>({
  id: 'injection',
  threat: 'D09',
  watches: ['injection'],
  start: noTally,

  step(before, signal) {
    const state = tally(before, signal.at, episodeMs);
    if (signal.kind !== 'injection' || state.count > 1) return { state };
    return {
      state,
      finding: {
        severity: 'high',
        confidence: 0.9,
        outcome: 'blocked',
        evidence: { pattern: signal.pattern, where: signal.where },
      },
    };
  },
});
