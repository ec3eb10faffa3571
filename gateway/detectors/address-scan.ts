import { accumulate, type Cusum, noCusum } from '../core/cusum.ts';
import { defineDetector } from '../core/detector.ts';
import { tlsFaultOf } from '../core/tls-fault.ts';

/** A browser asks for an icon, an old bookmark leads nowhere, supervision tries whether we listen. */
const mistakes = { perSecond: 1 / 30, limit: 10, episodeMs: 600_000 };

/** An address tries what is here: paths that do not exist, and other protocols than ours. */
export default defineDetector<Cusum>({
  id: 'address-scan',
  threat: 'D15',
  watches: ['unknown-path', 'refused'],
  start: noCusum,

  step(before, signal) {
    const isForeign = signal.kind === 'refused' && tlsFaultOf(signal.cause) === 'foreign';
    if (signal.kind !== 'unknown-path' && !isForeign) return { state: before };
    const { state, isNew } = accumulate(before, signal.at, 1, mistakes);
    if (!isNew) return { state };
    return {
      state,
      finding: {
        severity: 'high',
        confidence: 0.85,
        outcome: 'blocked',
        evidence: { triesBeyond: Math.round(state.sum) },
      },
    };
  },
});
