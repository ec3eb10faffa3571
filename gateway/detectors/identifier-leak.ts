import { defineDetector } from '../core/detector.ts';
import { noTally, type Tally, tally } from '../core/tally.ts';

const episodeMs = 600_000;

/** Data that names a person where none may: at the door out, or in the place of a measurement’s name. */
export default defineDetector<Tally>({
  id: 'identifier-leak',
  threat: 'D14',
  watches: ['identifier-found'],
  start: noTally,

  step(before, signal) {
    if (signal.kind !== 'identifier-found') return { state: before };
    const { what, place } = signal;
    const state = tally(before, signal.at, episodeMs);
    if (state.count > 1) return { state };
    return {
      state,
      finding: {
        severity: 'high',
        confidence: place === 'input' ? 0.8 : 0.95,
        outcome: 'blocked',
        // Which kind, never what it said.
        evidence: { what, place },
      },
    };
  },
});
