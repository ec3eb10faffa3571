import { defineDetector } from '../core/detector.ts';
import { noTally, type Tally, tally } from '../core/tally.ts';

const episodeMs = 600_000;
/** A cable is moved once; whoever pulls it again and again wants something. */
const pullsMax = 3;

/** The other end of a serial cable is gone: pulled, cut, or the device was switched off. */
export default defineDetector<Tally>({
  id: 'cable-loss',
  threat: 'D11',
  watches: ['line-closed'],
  start: noTally,

  step(before, signal) {
    if (signal.kind !== 'line-closed' || signal.cause !== 'cable-pulled') return { state: before };
    const state = tally(before, signal.at, episodeMs);
    if (state.count !== 1 && state.count !== pullsMax + 1) return { state };
    return {
      state,
      finding: {
        severity: state.count > 1 ? 'high' : 'low',
        confidence: 0.7,
        outcome: 'detected',
        evidence: { cause: signal.cause, times: state.count, withinMs: episodeMs },
      },
    };
  },
});
