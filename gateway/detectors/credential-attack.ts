import { accumulate, type Cusum, noCusum } from '../core/cusum.ts';
import { defineDetector } from '../core/detector.ts';

/** A whole shift behind one address mistypes once a minute, and nine times at once; not more. */
const mistyping = { perSecond: 1 / 60, limit: 10, episodeMs: 600_000 };

/**
 * Passwords or codes are guessed: more refusals of one address than people mistype, also when most
 * of them came too soon to be looked at; or one that locked a name, wherever the others came from.
 */
export default defineDetector<Cusum>({
  id: 'credential-attack',
  threat: 'D01',
  watches: ['sign-in-refused', 'sign-in-early'],
  start: noCusum,

  step(before, signal) {
    const isLocked = signal.kind === 'sign-in-refused' && signal.isLocked;
    const { state, isNew } = accumulate(
      before,
      signal.at,
      isLocked ? mistyping.limit : 1,
      mistyping,
    );
    if (!isNew) return { state };
    return {
      state,
      finding: {
        severity: isLocked ? 'high' : 'medium',
        confidence: 0.9,
        outcome: 'blocked',
        evidence: { refusedBeyondUsual: Math.round(state.sum), usualPerMinute: 1 },
      },
    };
  },
});
