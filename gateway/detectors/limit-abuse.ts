import { defineDetector } from '../core/detector.ts';
import { noTally, type Tally, tally } from '../core/tally.ts';

const episodeMs = 600_000;

/** A limit of a link was reached: too many connections, too large a packet, too slow a CONNECT. */
export default defineDetector<Tally>({
  id: 'limit-abuse',
  threat: 'D10',
  watches: ['limit'],
  start: noTally,

  step(before, signal) {
    const state = tally(before, signal.at, episodeMs);
    if (signal.kind !== 'limit' || state.count > 1) return { state };
    return {
      state,
      finding: {
        severity: 'medium',
        confidence: 0.7,
        outcome: 'blocked',
        evidence: { limit: signal.limit },
      },
    };
  },
});
