import { defineDetector } from '../core/detector.ts';
import { noTally, type Tally, tally } from '../core/tally.ts';

const episodeMs = 600_000;

/**
 * Somebody stands between the gateway and a destination, or the destination was changed without a
 * word: nothing is sent, and everything waits until the right one answers.
 */
export default defineDetector<Tally>({
  id: 'destination-distrust',
  threat: 'D03',
  watches: ['destination-distrusted'],
  start: noTally,

  step(before, signal) {
    if (signal.kind !== 'destination-distrusted') return { state: before };
    const state = tally(before, signal.at, episodeMs);
    if (state.count > 1) return { state };
    const { relay, cause } = signal;
    return {
      state,
      finding: {
        severity: 'high',
        confidence: 0.8,
        outcome: 'blocked',
        evidence: { relay, cause },
      },
    };
  },
});
