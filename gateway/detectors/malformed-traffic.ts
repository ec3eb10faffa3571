import { defineDetector } from '../core/detector.ts';
import type { Signal } from '../core/signal.ts';
import { noTally, type Tally, tally } from '../core/tally.ts';

const windowMs = 60_000;
/** A cable glitch or a firmware bug spoils one message; this many in a minute are a pattern. */
const payloadsMax = 3;

/** Packets that break MQTT, payloads that break their format: fuzzing, injection, a broken device. */
export default defineDetector<Tally>({
  id: 'malformed-traffic',
  threat: 'D09',
  watches: ['protocol-violation', 'rejected'],
  start: noTally,

  step(before, signal) {
    const cause = causeOf(signal);
    if (cause === undefined) return { state: before };
    const state = tally(before, signal.at, windowMs);
    // A broken packet is made on purpose; a broken payload may be an accident.
    const countMax = signal.kind === 'protocol-violation' ? 1 : payloadsMax;
    if (state.count !== countMax) return { state };
    return {
      state,
      finding: {
        severity: 'medium',
        confidence: 0.8,
        outcome: 'blocked',
        evidence: { cause, windowMs },
      },
    };
  },
});

function causeOf(signal: Signal): string | undefined {
  if (signal.kind === 'protocol-violation') return signal.cause;
  if (signal.kind !== 'rejected') return undefined;
  return signal.reason === 'malformed' || signal.reason === 'too-deep' ? signal.reason : undefined;
}
