import { defineDetector } from '../core/detector.ts';
import { noTally, type Tally, tally } from '../core/tally.ts';

const episodeMs = 600_000;
/** A whole shift behind one address may mistype a few times; more is somebody who guesses. */
const mistypedMax = 9;

interface Episode extends Tally {
  readonly isTold: boolean;
}

/** Passwords or codes are guessed: many refusals of one address, or one that locked a name. */
export default defineDetector<Episode>({
  id: 'credential-attack',
  threat: 'D01',
  watches: ['sign-in-refused'],
  start: { ...noTally, isTold: false },

  step(before, signal) {
    const now = tally(before, signal.at, episodeMs);
    const isTold = now.count > 1 && before.isTold;
    const isLocked = signal.kind === 'sign-in-refused' && signal.isLocked;
    // Once an episode, however long it lasts.
    if (isTold || (!isLocked && now.count <= mistypedMax)) return { state: { ...now, isTold } };
    return {
      state: { ...now, isTold: true },
      finding: {
        severity: isLocked ? 'high' : 'medium',
        confidence: 0.9,
        outcome: 'blocked',
        evidence: { refused: now.count, withinMs: episodeMs },
      },
    };
  },
});
