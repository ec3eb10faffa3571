import { defineDetector } from '../core/detector.ts';
import { noTally, type Tally, tally } from '../core/tally.ts';

const episodeMs = 600_000;
const addressCharsMax = 64;

/** The gateway itself is connected to somebody that no setting names. */
export default defineDetector<Tally>({
  id: 'new-destination',
  threat: 'D14',
  watches: ['destination-unknown'],
  start: noTally,

  step(before, signal) {
    const state = tally(before, signal.at, episodeMs);
    if (signal.kind !== 'destination-unknown' || state.count > 1) return { state };
    const { remote, port } = signal;
    return {
      state,
      finding: {
        severity: 'high',
        confidence: 0.8,
        outcome: 'detected',
        evidence: { remote: remote.slice(0, addressCharsMax), port },
      },
    };
  },
});
