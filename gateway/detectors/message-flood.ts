import { defineDetector } from '../core/detector.ts';
import { noTally, type Tally, tally } from '../core/tally.ts';

const windowMs = 10_000;
/** How many times its profile's highest rate a device may reach before it is called a flood. */
const tolerance = 4;
/** Of a device without a profile: nobody should send anything. */
const unknownPerSecondMax = 1;

/** A device that speaks far more often than its profile says is broken, or is not that device. */
export default defineDetector<Tally>({
  id: 'message-flood',
  threat: 'D10',
  watches: ['message'],
  start: noTally,

  step(before, { at }, profile) {
    const state = tally(before, at, windowMs);
    const perSecondMax = profile?.messagesPerSecondMax ?? unknownPerSecondMax;
    const countMax = Math.ceil((perSecondMax * tolerance * windowMs) / 1_000);
    // Once per window: one flood is one finding, however long it lasts.
    if (state.count !== countMax + 1) return { state };
    return {
      state,
      finding: {
        severity: 'high',
        confidence: 0.9,
        outcome: 'detected',
        evidence: { countMax, windowMs },
      },
    };
  },
});
