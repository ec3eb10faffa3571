import { accumulate, type Cusum, noCusum } from '../core/cusum.ts';
import { defineDetector } from '../core/detector.ts';

/**
 * After it was cut off a device sends again what was not acknowledged (MQTT-4.4.0-1): for so long, and
 * as much as a client has under way at the very most.
 */
const resendMs = 60_000;
const resendWeight = 1 / 250;
const usual = { perSecond: 1 / 60, limit: 5, episodeMs: 600_000 };

/** Said before; or, of a device that signs, counted no higher than before. */
const repeated: ReadonlySet<string> = new Set(['duplicate', 'old-counter']);

interface Replay extends Cusum {
  readonly resumedAt: number;
}

/**
 * A device says again what it has said, without having been cut off; or speaks of a time of which all
 * was heard already. Lines are not looked at: a device with a memory is read again and again.
 */
export default defineDetector<Replay>({
  id: 'replay',
  threat: 'D07',
  watches: ['connected', 'clock-stepped', 'rejected', 'not-advancing'],
  start: { ...noCusum, resumedAt: 0 },

  step(before, signal, profile) {
    const { kind, at } = signal;
    if (kind === 'connected' || kind === 'clock-stepped') {
      return { state: { ...before, resumedAt: at } };
    }
    if (profile?.link.kind !== 'mqtt') return { state: before };
    const isDuplicate = kind === 'rejected' && repeated.has(signal.reason);
    if (!isDuplicate && kind !== 'not-advancing') return { state: before };
    const isResending = at >= before.resumedAt && at < before.resumedAt + resendMs;
    const { state, isNew } = accumulate(before, at, isResending ? resendWeight : 1, usual);
    const next = { ...state, resumedAt: before.resumedAt };
    if (!isNew) return { state: next };
    return {
      state: next,
      finding: {
        severity: 'high',
        confidence: isDuplicate ? 0.8 : 0.7,
        outcome: isDuplicate ? 'blocked' : 'detected',
        evidence: { sign: isDuplicate ? 'said before' : 'time went by already' },
      },
    };
  },
});
