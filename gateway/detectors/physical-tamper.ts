import { defineRule } from '../core/rule.ts';
import type { Signal } from '../core/signal.ts';

/** Somebody handles the gateway itself, its supply, or the adapter of a line. */
export default defineRule({
  id: 'physical-tamper',
  threat: 'D18',
  watches: ['case-opened', 'undervoltage', 'restarted-without-order', 'line-closed'],

  judge(signal) {
    const what = whatOf(signal);
    if (what === undefined) return undefined;
    return {
      severity: signal.kind === 'undervoltage' ? 'low' : 'high',
      // A weak supply and a power cut are accidents more often than not.
      confidence: signal.kind === 'line-closed' || signal.kind === 'case-opened' ? 0.9 : 0.4,
      outcome: signal.kind === 'line-closed' ? 'blocked' : 'detected',
      evidence: { what },
    };
  },
});

/** A line whose adapter was swapped stays closed: no byte of the other one is read. */
function whatOf(signal: Signal): string | undefined {
  if (signal.kind !== 'line-closed') return signal.kind;
  return signal.cause === 'adapter-changed' ? signal.cause : undefined;
}
