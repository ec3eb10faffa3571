import { defineDetector } from '../core/detector.ts';
import { noTally, type Tally, tally } from '../core/tally.ts';

const episodeMs = 600_000;
/** As the kernel keeps it. */
const nameCharsMax = 64;

/** The gateway runs a program that it does not start: somebody else runs it. */
export default defineDetector<Tally>({
  id: 'unknown-process',
  threat: 'D17',
  watches: ['process-unknown'],
  start: noTally,

  step(before, signal) {
    const state = tally(before, signal.at, episodeMs);
    if (signal.kind !== 'process-unknown' || state.count > 1) return { state };
    const { name, isEnded } = signal;
    return {
      state,
      finding: {
        severity: 'critical',
        confidence: 0.95,
        outcome: isEnded ? 'blocked' : 'detected',
        evidence: { name: name.slice(0, nameCharsMax) },
      },
    };
  },
});
