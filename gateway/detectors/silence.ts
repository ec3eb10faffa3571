import { defineDetector } from '../core/detector.ts';
import { noTally, type Tally, tally } from '../core/tally.ts';

const episodeMs = 600_000;
/** So often does a device that is fine fall silent in an episode, and come back by itself. */
const faltersMax = 3;

interface Voice extends Tally {
  /** It said goodbye, or the gateway let it go: nobody waits for it unless a patient does. */
  readonly hasLeft: boolean;
}

/** What a device’s own end of a connection is called. */
const goodbyes: ReadonlySet<string> = new Set(['closed', 'shutdown', 'stopped']);

/**
 * Nothing comes from a device that should speak: blocked, unplugged, jammed, broken. The ward looks
 * at the device; the gateway only says that it sees nothing. Once an episode.
 */
export default defineDetector<Voice>({
  id: 'silence',
  threat: 'D11',
  watches: ['quiet', 'connected', 'disconnected', 'line-opened', 'line-closed'],
  start: { ...noTally, hasLeft: false },

  step(before, signal) {
    switch (signal.kind) {
      case 'connected':
      case 'line-opened':
        return { state: { ...before, hasLeft: false } };
      case 'disconnected':
      case 'line-closed':
        return { state: { ...before, hasLeft: goodbyes.has(signal.cause) } };
      case 'quiet': {
        // A monitor without a patient is switched off, and nobody misses it.
        if (before.hasLeft && !signal.isBound) return { state: before };
        const now = tally(before, signal.at, episodeMs);
        const state = { ...now, hasLeft: before.hasLeft };
        if (now.count !== 1 && now.count !== faltersMax + 1) return { state };
        return {
          state,
          finding: {
            severity: signal.isBound ? 'high' : 'medium',
            confidence: now.count > 1 ? 0.95 : 0.8,
            outcome: 'detected',
            evidence: { silentMs: signal.quietMs, times: now.count, withinMs: episodeMs },
          },
        };
      }
      default:
        return { state: before };
    }
  },
});
