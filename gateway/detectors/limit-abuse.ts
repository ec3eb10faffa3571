import { accumulate, type Cusum, noCusum } from '../core/cusum.ts';
import { defineDetector } from '../core/detector.ts';

/** One may be an accident, such as a line that broke within a packet; it is worth a look. */
const oneOff = { perSecond: 1 / 600, limit: 1, episodeMs: 600_000 };
/** Twenty more than one a minute are somebody who holds connections, or tries how many he gets. */
const abuse = { perSecond: 1 / 60, limit: 20, episodeMs: 600_000 };

interface Excess {
  readonly one: Cusum;
  readonly many: Cusum;
}

/** Limits of a link are reached: too many connections, too large a packet, too slow a CONNECT. */
export default defineDetector<Excess>({
  id: 'limit-abuse',
  threat: 'D10',
  watches: ['limit'],
  start: { one: noCusum, many: noCusum },

  step(before, signal) {
    if (signal.kind !== 'limit') return { state: before };
    const one = accumulate(before.one, signal.at, 1, oneOff);
    const many = accumulate(before.many, signal.at, 1, abuse);
    const state = { one: one.state, many: many.state };
    if (!one.isNew && !many.isNew) return { state };
    return {
      state,
      finding: {
        severity: many.isNew ? 'high' : 'medium',
        confidence: many.isNew ? 0.9 : 0.7,
        outcome: 'blocked',
        evidence: { limit: signal.limit },
      },
    };
  },
});
