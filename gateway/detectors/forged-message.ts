import { defineDetector } from '../core/detector.ts';
import { noTally, type Tally, tally } from '../core/tally.ts';

const episodeMs = 600_000;
const faultCharsMax = 64;

/** Under the name of a device that signs, somebody said what it did not sign. */
export default defineDetector<Tally>({
  id: 'forged-message',
  threat: 'D07',
  watches: ['rejected'],
  start: noTally,

  step(before, signal) {
    if (signal.kind !== 'rejected' || signal.reason !== 'not-proven') return { state: before };
    const state = tally(before, signal.at, episodeMs);
    if (state.count > 1) return { state };
    return {
      state,
      finding: {
        severity: 'high',
        confidence: 0.9,
        outcome: 'blocked',
        evidence: { fault: signal.detail.slice(0, faultCharsMax) },
      },
    };
  },
});
