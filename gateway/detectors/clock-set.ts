import { defineDetector } from '../core/detector.ts';
import { noTally, type Tally, tally } from '../core/tally.ts';

const episodeMs = 600_000;
/** A time service that corrects a slow clock steps by less. */
const stepMsMin = 60_000;

/** Somebody set the machine’s clock. The gateway keeps its own time by the clock nobody sets. */
export default defineDetector<Tally>({
  id: 'clock-set',
  threat: 'D20',
  watches: ['wall-clock-set'],
  start: noTally,

  step(before, signal) {
    if (signal.kind !== 'wall-clock-set' || Math.abs(signal.stepMs) < stepMsMin) {
      return { state: before };
    }
    const state = tally(before, signal.at, episodeMs);
    if (state.count > 1) return { state };
    const { stepMs, isFollowed } = signal;
    return {
      state,
      finding: {
        severity: stepMs < 0 ? 'high' : 'medium',
        confidence: isFollowed ? 0.6 : 0.9,
        outcome: isFollowed ? 'detected' : 'blocked',
        evidence: { stepMs, isFollowed: String(isFollowed) },
      },
    };
  },
});
