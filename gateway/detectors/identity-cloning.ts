import { accumulate, type Cusum, noCusum } from '../core/cusum.ts';
import { defineDetector } from '../core/detector.ts';

/** A device that is carried through the house changes its address some times an hour. */
const moving = { perSecond: 1 / 300, limit: 5, episodeMs: 600_000 };

/**
 * One certificate is with two: two spoke at once, from two addresses or as two programs, or it goes to
 * and fro between addresses faster than anything is carried.
 */
export default defineDetector<Cusum>({
  id: 'identity-cloning',
  threat: 'D02',
  watches: ['refused', 'taken-over'],
  start: noCusum,

  step(before, signal) {
    const isRefused = signal.kind === 'refused' && signal.cause === 'certificate-cloned';
    const isTaken = signal.kind === 'taken-over' && (!signal.isSameAddress || signal.wasAlive);
    if (!isRefused && !isTaken) return { state: before };
    const isCertain = isRefused || (signal.kind === 'taken-over' && signal.wasAlive);
    const weight = isCertain ? moving.limit : 1;
    const { state, isNew } = accumulate(before, signal.at, weight, moving);
    if (!isNew) return { state };
    const { address = '' } = signal;
    return {
      state,
      finding: {
        severity: 'high',
        confidence: isCertain ? 0.95 : 0.7,
        outcome: isRefused ? 'blocked' : 'detected',
        evidence: { address, cause: isCertain ? 'two at once' : 'to and fro' },
      },
    };
  },
});
