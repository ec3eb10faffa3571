import { accumulate, type Cusum, noCusum } from '../core/cusum.ts';
import { defineDetector } from '../core/detector.ts';

/** Half a second late on a small machine that does much at once is nothing; for ten seconds it is. */
const lagMsMin = 500;
/** Connections that say nothing: the handshakes of a whole house at once are fewer. */
const waitingMin = 600;
const usual = { perSecond: 0.5, limit: 10, episodeMs: 600_000 };

/** The gateway itself can hardly follow: it is late, or full of connections that say nothing. */
export default defineDetector<Cusum>({
  id: 'overload',
  threat: 'D10',
  watches: ['crowd'],
  start: noCusum,

  step(before, signal) {
    if (signal.kind !== 'crowd') return { state: before };
    const { lagMs, waiting } = signal;
    const isFull = lagMs >= lagMsMin || waiting >= waitingMin;
    const { state, isNew } = accumulate(before, signal.at, isFull ? 1 : 0, usual);
    if (!isNew) return { state };
    return {
      state,
      finding: {
        severity: 'medium',
        confidence: 0.6,
        outcome: 'detected',
        evidence: { lagMs, waiting },
      },
    };
  },
});
