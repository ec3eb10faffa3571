import { defineDetector } from '../core/detector.ts';
import type { Signal } from '../core/signal.ts';
import { noTally, type Tally, tally } from '../core/tally.ts';

const episodeMs = 600_000;

/** Somebody handles the gateway itself, its supply, or the adapter of a line. */
export default defineDetector<Tally>({
  id: 'physical-tamper',
  threat: 'D18',
  watches: ['case-opened', 'undervoltage', 'restarted-without-order', 'line-closed'],
  start: noTally,

  step(before, signal) {
    const what = whatOf(signal);
    if (what === undefined) return { state: before };
    const state = tally(before, signal.at, episodeMs);
    if (state.count > 1) return { state };
    return {
      state,
      finding: {
        severity: signal.kind === 'undervoltage' ? 'low' : 'high',
        // A weak supply and a power cut are accidents more often than not.
        confidence: signal.kind === 'line-closed' || signal.kind === 'case-opened' ? 0.9 : 0.4,
        outcome: signal.kind === 'line-closed' ? 'blocked' : 'detected',
        evidence: { what },
      },
    };
  },
});

/** A line whose adapter was swapped stays closed: no byte of the other one is read. */
function whatOf(signal: Signal): string | undefined {
  if (signal.kind !== 'line-closed') return signal.kind;
  return signal.cause === 'adapter-changed' ? signal.cause : undefined;
}
