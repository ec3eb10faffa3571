import { accumulate, type Cusum, noCusum } from '../core/cusum.ts';
import { defineDetector } from '../core/detector.ts';

/**
 * After a power cut a whole house comes back at once, perhaps behind one address, and some devices
 * try every second until they are let in.
 */
const returning = { perSecond: 10, limit: 1_000, episodeMs: 600_000 };

/** One address opens more connections than all devices of a house do. */
export default defineDetector<Cusum>({
  id: 'connection-flood',
  threat: 'D10',
  watches: ['knocks'],
  start: noCusum,

  step(before, signal) {
    if (signal.kind !== 'knocks') return { state: before };
    const { state, isNew } = accumulate(before, signal.at, signal.count, returning);
    if (!isNew) return { state };
    return {
      state,
      finding: {
        severity: 'high',
        confidence: 0.85,
        outcome: 'detected',
        evidence: { connectionsBeyond: Math.round(state.sum), usualPerSecond: returning.perSecond },
      },
    };
  },
});
