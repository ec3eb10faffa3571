import { accumulate, type Cusum, noCusum } from '../core/cusum.ts';
import { defineDetector } from '../core/detector.ts';

const episodeMs = 600_000;
/** What all devices can say in a minute may come at once, after an outage. */
const secondsMax = 60;

/** More leaves for a destination than all devices of the site could say: something else goes with it. */
export default defineDetector<Cusum>({
  id: 'egress-volume',
  threat: 'D14',
  watches: ['departed'],
  start: noCusum,

  step(before, signal) {
    if (signal.kind !== 'departed') return { state: before };
    const { observations, at } = signal;
    const perSecond = Math.max(1, signal.perSecondMax);
    const usual = { perSecond, limit: secondsMax * perSecond, episodeMs };
    const { state, isNew } = accumulate(before, at, observations, usual);
    if (!isNew) return { state };
    return {
      state,
      finding: {
        severity: 'medium',
        confidence: 0.6,
        outcome: 'detected',
        evidence: { beyondUsual: Math.round(state.sum), usualPerSecond: perSecond },
      },
    };
  },
});
