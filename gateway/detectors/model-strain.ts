import { defineDetector } from '../core/detector.ts';

/** Of fewer devices each is a matter of its own (D16). */
const devicesMin = 4;
const shareMin = 0.5;
/** After a power cut all devices are strange for a minute or two. */
const minutesMin = 5;
/** A report comes once a minute, and none while nothing is strange. */
const gapMsMax = 90_000;
const episodeMs = 3_600_000;

interface Strain {
  readonly at: number;
  readonly minutes: number;
  readonly toldAt: number;
}

/**
 * Most of a ward is outside of what the model calls ordinary: it is not made for this ward, somebody
 * taught it something else, or all devices are under attack. Its findings mean little until that is known.
 */
export default defineDetector<Strain>({
  id: 'model-strain',
  threat: 'D20',
  watches: ['model-strain'],
  start: { at: 0, minutes: 0, toldAt: 0 },

  step(before, signal) {
    if (signal.kind !== 'model-strain') return { state: before };
    const { at, devices, beyond, model } = signal;
    const isOut = beyond >= devicesMin && beyond >= devices * shareMin;
    const follows = at >= before.at && at - before.at <= gapMsMax;
    const minutes = isOut ? (follows ? Math.min(before.minutes, minutesMin) : 0) + 1 : 0;
    const isTold = before.toldAt > 0 && at >= before.toldAt && at - before.toldAt < episodeMs;
    const isNew = minutes >= minutesMin && !isTold;
    const state = { at, minutes, toldAt: isNew ? at : before.toldAt };
    if (!isNew) return { state };
    return {
      state,
      finding: {
        severity: 'medium',
        confidence: 0.8,
        outcome: 'detected',
        evidence: { model: model.slice(0, 64), devices, beyond, minutes },
      },
    };
  },
});
