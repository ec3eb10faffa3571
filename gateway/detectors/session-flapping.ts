import { accumulate, type Cusum, noCusum } from '../core/cusum.ts';
import { defineDetector } from '../core/detector.ts';

/** A program that opens its next connection before it ends the last does so some times an hour. */
const clumsy = { perSecond: 1 / 300, limit: 5, episodeMs: 600_000 };

/**
 * Two with one certificate take each other’s place in turn, and both are there all the time: a copy
 * behind the very address of its owner. Nothing tells which of them is which, so both are heard.
 */
export default defineDetector<Cusum>({
  id: 'session-flapping',
  threat: 'D02',
  watches: ['displaced'],
  start: noCusum,

  step(before, signal) {
    if (signal.kind !== 'displaced') return { state: before };
    const { state, isNew } = accumulate(before, signal.at, 1, clumsy);
    if (!isNew) return { state };
    const { address = '' } = signal;
    return {
      state,
      finding: {
        severity: 'critical',
        confidence: 0.85,
        outcome: 'detected',
        evidence: { address, displacedBeyond: Math.round(state.sum), usualPerHour: 12 },
      },
    };
  },
});
