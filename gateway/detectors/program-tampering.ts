import { defineDetector } from '../core/detector.ts';
import { noTally, type Tally, tally } from '../core/tally.ts';

const episodeMs = 600_000;
const pathCharsMax = 200;

/** The program that is installed is not the one that first ran under its version. */
export default defineDetector<Tally>({
  id: 'program-tampering',
  threat: 'D17',
  watches: ['program-changed'],
  start: noTally,

  step(before, signal) {
    const state = tally(before, signal.at, episodeMs);
    if (signal.kind !== 'program-changed' || state.count > 1) return { state };
    const { path, change } = signal;
    return {
      state,
      finding: {
        severity: 'critical',
        confidence: 0.95,
        outcome: 'detected',
        evidence: { path: path.slice(0, pathCharsMax), change },
      },
    };
  },
});
