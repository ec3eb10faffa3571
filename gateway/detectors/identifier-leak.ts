import { defineDetector } from '../core/detector.ts';
import { identifiersIn } from '../core/identifier.ts';
import type { Signal } from '../core/signal.ts';
import { noTally, type Tally, tally } from '../core/tally.ts';

const episodeMs = 600_000;

/** Data that names a person where none may: at the door out, or in the place of a measurement’s name. */
export default defineDetector<Tally>({
  id: 'identifier-leak',
  threat: 'D14',
  watches: ['identifier-found', 'rejected'],
  start: noTally,

  step(before, signal) {
    const what = whatOf(signal);
    if (what === undefined) return { state: before };
    const state = tally(before, signal.at, episodeMs);
    if (state.count > 1) return { state };
    return {
      state,
      finding: {
        severity: 'high',
        confidence: signal.kind === 'rejected' ? 0.8 : 0.95,
        outcome: 'blocked',
        // Which kind, never what it said.
        evidence: { what, place: signal.kind === 'rejected' ? 'input' : 'output' },
      },
    };
  },
});

/** Reasons whose detail is a text that the device chose. */
const chosen: ReadonlySet<string> = new Set([
  'malformed',
  'unknown-metric',
  'wrong-unit',
  'not-a-number',
]);

function whatOf(signal: Signal): string | undefined {
  if (signal.kind === 'identifier-found') return signal.what;
  if (signal.kind !== 'rejected' || !chosen.has(signal.reason)) return undefined;
  return identifiersIn(signal.detail)[0];
}
