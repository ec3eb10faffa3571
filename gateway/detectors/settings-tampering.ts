import { defineDetector } from '../core/detector.ts';
import { noTally, type Tally, tally } from '../core/tally.ts';

const episodeMs = 600_000;
const pathCharsMax = 200;

/** Settings or profiles were changed in place. They are not in force before a reload, which says who. */
export default defineDetector<Tally>({
  id: 'settings-tampering',
  threat: 'D20',
  watches: ['settings-file-changed'],
  start: noTally,

  step(before, signal) {
    const state = tally(before, signal.at, episodeMs);
    if (signal.kind !== 'settings-file-changed' || state.count > 1) return { state };
    return {
      state,
      finding: {
        // Mostly it is the administrator.
        severity: 'low',
        confidence: 0.3,
        outcome: 'detected',
        evidence: { path: signal.path.slice(0, pathCharsMax) },
      },
    };
  },
});
