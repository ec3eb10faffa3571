import { defineDetector } from '../core/detector.ts';
import { noTally, type Tally, tally } from '../core/tally.ts';

/** A provider of sign-on has a few names besides the one in the settings; not as many at once. */
const destinationsMax = 8;
const episodeMs = 600_000;

/** The gateway tries many addresses or ports that no setting names: it is used to look around. */
export default defineDetector<Tally>({
  id: 'egress-fan-out',
  threat: 'D15',
  watches: ['egress-spread'],
  start: noTally,

  step(before, signal) {
    if (signal.kind !== 'egress-spread') return { state: before };
    const { destinations, refused } = signal;
    if (destinations <= destinationsMax) return { state: before };
    const state = tally(before, signal.at, episodeMs);
    if (state.count > 1) return { state };
    return {
      state,
      finding: {
        severity: 'high',
        confidence: 0.85,
        outcome: refused > 0 ? 'blocked' : 'detected',
        evidence: { destinations, refused },
      },
    };
  },
});
