import { accumulate, type Cusum, noCusum } from '../core/cusum.ts';
import { defineDetector } from '../core/detector.ts';

/** How many times its profile's highest rate a device may reach for good. */
const tolerance = 1.5;
/** How many seconds of its highest rate it may say at once, such as what waited for the line. */
const burstSeconds = 40;
/** Of a device without a profile: nobody should send anything. */
const unknownPerSecondMax = 1;
/** A message counts once more for each of these. */
const weightBytes = 8_192;
const episodeMs = 600_000;

/** A device that speaks more than its profile says is broken, or is not that device. */
export default defineDetector<Cusum>({
  id: 'message-flood',
  threat: 'D10',
  watches: ['message'],
  start: noCusum,

  step(before, signal, profile) {
    if (signal.kind !== 'message') return { state: before };
    const perSecondMax = profile?.messagesPerSecondMax ?? unknownPerSecondMax;
    const weight = 1 + Math.floor(signal.bytes / weightBytes);
    const { state, isNew } = accumulate(before, signal.at, weight, {
      perSecond: perSecondMax * tolerance,
      limit: perSecondMax * burstSeconds,
      episodeMs,
    });
    if (!isNew) return { state };
    return {
      state,
      finding: {
        severity: 'high',
        confidence: 0.9,
        outcome: 'detected',
        evidence: { perSecondMax, messagesBeyond: Math.round(state.sum) },
      },
    };
  },
});
