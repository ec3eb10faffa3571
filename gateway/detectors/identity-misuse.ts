import { defineDetector } from '../core/detector.ts';
import { noTally, type Tally, tally } from '../core/tally.ts';

const episodeMs = 600_000;

/** Somebody was refused for who they claimed to be: no, foreign, expired or borrowed certificate. */
export default defineDetector<Tally>({
  id: 'identity-misuse',
  threat: 'D02',
  watches: ['refused'],
  start: noTally,

  step(before, signal) {
    // Known to be here, and kept out by a person: nobody claims to be another.
    if (signal.kind === 'refused' && signal.cause === 'quarantined') return { state: before };
    const state = tally(before, signal.at, episodeMs);
    if (signal.kind !== 'refused' || state.count > 1) return { state };
    return {
      state,
      finding: {
        severity: 'medium',
        confidence: 0.9,
        outcome: 'blocked',
        evidence: { cause: signal.cause },
      },
    };
  },
});
