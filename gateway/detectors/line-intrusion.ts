import { defineDetector } from '../core/detector.ts';
import { noTally, type Tally, tally } from '../core/tally.ts';

const episodeMs = 600_000;

/** Somebody else speaks where a cable to one device was laid over the network. */
export default defineDetector<Tally>({
  id: 'line-intrusion',
  threat: 'D04',
  watches: ['stranger'],
  start: noTally,

  step(before, signal) {
    const state = tally(before, signal.at, episodeMs);
    if (signal.kind !== 'stranger' || state.count > 1) return { state };
    const { address = '', count } = signal;
    return {
      state,
      finding: {
        severity: 'high',
        confidence: 0.9,
        outcome: 'blocked',
        evidence: { address, count, episodeMs },
      },
    };
  },
});
