import { defineDetector } from '../core/detector.ts';
import { noTally, type Tally, tally } from '../core/tally.ts';

const episodeMs = 600_000;

/** Another device answers where a known one did: swapped by mistake, or on purpose. */
export default defineDetector<Tally>({
  id: 'device-swap',
  threat: 'D04',
  watches: ['device-swapped'],
  start: noTally,

  step(before, signal) {
    const state = tally(before, signal.at, episodeMs);
    if (state.count > 1) return { state };
    return {
      state,
      finding: { severity: 'high', confidence: 0.9, outcome: 'blocked', evidence: { episodeMs } },
    };
  },
});
