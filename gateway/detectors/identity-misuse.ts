import { defineDetector } from '../core/detector.ts';
import { noTally, type Tally, tally } from '../core/tally.ts';
import { tlsFaultOf } from '../core/tls-fault.ts';

const episodeMs = 600_000;

/** Known to be here and kept out by a person; or another detector’s affair. */
const notMisuse: ReadonlySet<string> = new Set([
  'quarantined',
  'certificate-cloned',
  'not-registered',
]);

/** Somebody was refused for who they claimed to be: no, foreign, expired or borrowed certificate. */
export default defineDetector<Tally>({
  id: 'identity-misuse',
  threat: 'D02',
  watches: ['refused'],
  start: noTally,

  step(before, signal) {
    if (signal.kind !== 'refused') return { state: before };
    const { cause } = signal;
    const fault = tlsFaultOf(cause);
    if (notMisuse.has(cause) || fault === 'weak' || fault === 'foreign') return { state: before };
    const state = tally(before, signal.at, episodeMs);
    if (state.count > 1) return { state };
    return {
      state,
      finding: {
        severity: 'medium',
        confidence: 0.9,
        outcome: 'blocked',
        evidence: { cause },
      },
    };
  },
});
