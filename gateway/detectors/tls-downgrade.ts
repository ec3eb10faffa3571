import { defineDetector } from '../core/detector.ts';
import { noTally, type Tally, tally } from '../core/tally.ts';
import { tlsFaultOf } from '../core/tls-fault.ts';

const episodeMs = 600_000;

interface Baseline extends Tally {
  /** The best this device ever agreed on: a version, and the strength of its cipher. */
  readonly best: number;
}

/**
 * Less than the policy was offered and refused; or a device agrees on less than it did before, as
 * with old software or somebody between. The latter is let in: it is within the policy, and its
 * alarms must come through.
 */
export default defineDetector<Baseline>({
  id: 'tls-downgrade',
  threat: 'D03',
  watches: ['refused', 'handshake'],
  start: { ...noTally, best: 0 },

  step(before, signal) {
    const strength = signal.kind === 'handshake' ? strengthOf(signal.version, signal.cipher) : 0;
    const isRefused = signal.kind === 'refused' && tlsFaultOf(signal.cause) === 'weak';
    const isBelow = signal.kind === 'handshake' && strength < before.best;
    const best = Math.max(before.best, strength);
    // Of an address, which may be of many, there is no baseline.
    if (!isRefused && (!isBelow || signal.device === undefined))
      return { state: { ...before, best } };
    const state = { ...tally(before, signal.at, episodeMs), best };
    if (state.count > 1) return { state };
    return {
      state,
      finding: {
        severity: 'medium',
        confidence: isRefused ? 0.8 : 0.6,
        outcome: isRefused ? 'blocked' : 'detected',
        evidence:
          signal.kind === 'handshake'
            ? { version: signal.version, cipher: signal.cipher }
            : { cause: signal.cause },
      },
    };
  },
});

/** TLS 1.3 before 1.2, 256 bit before 128: an order, no measure. */
function strengthOf(version: string, cipher: string): number {
  const bits = /AES_128/.test(cipher) ? 1 : 2;
  return version === 'TLSv1.3' ? 2 + bits : bits;
}
