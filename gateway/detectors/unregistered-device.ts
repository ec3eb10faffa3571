import { defineDetector } from '../core/detector.ts';
import { noTally, type Tally, tally } from '../core/tally.ts';

const episodeMs = 600_000;

/**
 * A device with a certificate of this site comes, and nobody registered it: a register that is behind,
 * one that was removed and is still in use, or one that nobody knows of.
 */
export default defineDetector<Tally>({
  id: 'unregistered-device',
  threat: 'D04',
  watches: ['refused'],
  start: noTally,

  step(before, signal) {
    if (signal.kind !== 'refused' || signal.cause !== 'not-registered') return { state: before };
    const state = tally(before, signal.at, episodeMs);
    if (state.count > 1) return { state };
    const { address = '', device = '' } = signal;
    return {
      state,
      finding: {
        severity: 'medium',
        confidence: 0.95,
        outcome: 'blocked',
        evidence: { device, address },
      },
    };
  },
});
