import { defineDetector } from '../core/detector.ts';
import { noTally, type Tally, tally } from '../core/tally.ts';

const episodeMs = 600_000;

/** Somebody tries a secret that makers ship their devices with: nobody mistypes one by chance. */
export default defineDetector<Tally>({
  id: 'default-secret',
  threat: 'D01',
  watches: ['sign-in-refused'],
  start: noTally,

  step(before, signal) {
    if (signal.kind !== 'sign-in-refused' || !signal.isDefault) return { state: before };
    const state = tally(before, signal.at, episodeMs);
    if (state.count > 1) return { state };
    return {
      state,
      finding: {
        severity: 'medium',
        confidence: 0.85,
        outcome: 'blocked',
        evidence: { secret: 'a default of makers', isLocked: signal.isLocked ? 'yes' : 'no' },
      },
    };
  },
});
