import { accumulate, type Cusum, noCusum } from '../core/cusum.ts';
import { defineDetector } from '../core/detector.ts';
import type { Signal } from '../core/signal.ts';

/** A cable glitch or a firmware bug spoils a message now and then; three in a minute are a pattern. */
const glitches = { perSecond: 1 / 120, limit: 2.5, episodeMs: 600_000 };
/** People write what a form refuses; a program that is not ours does it once or twice. */
const requestWeight = 0.25;

/** What breaks MQTT, HTTP or its own format: fuzzing, or a broken device. */
export default defineDetector<Cusum>({
  id: 'malformed-traffic',
  threat: 'D09',
  watches: ['protocol-violation', 'rejected', 'malformed-request'],
  start: noCusum,

  step(before, signal) {
    const seen = faultOf(signal);
    if (seen === undefined) return { state: before };
    const { state, isNew } = accumulate(before, signal.at, seen.weight, glitches);
    if (!isNew) return { state };
    return {
      state,
      finding: {
        severity: 'medium',
        confidence: 0.8,
        outcome: 'blocked',
        evidence: { cause: seen.cause },
      },
    };
  },
});

function faultOf(signal: Signal): { readonly cause: string; readonly weight: number } | undefined {
  switch (signal.kind) {
    case 'protocol-violation':
      // A broken packet is made on purpose; a broken payload may be an accident.
      return { cause: signal.cause, weight: glitches.limit };
    case 'malformed-request':
      return { cause: `HTTP ${signal.status}`, weight: requestWeight };
    case 'rejected':
      return signal.reason === 'malformed' || signal.reason === 'too-deep'
        ? { cause: signal.reason, weight: 1 }
        : undefined;
    default:
      return undefined;
  }
}
