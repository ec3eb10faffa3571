import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  isStrange,
  type Strangeness,
  startStrangeness,
} from '../../../gateway/features/strangeness.ts';

const tickMs = 1_000;
const hourMs = 3_600_000;

/** What is said of a row of scores, one a second. */
function judge(scores: readonly number[], state: Strangeness = startStrangeness(), from = 0) {
  return scores.map((score, tick) => isStrange(state, score, 1, from + tick * tickMs, tickMs));
}

describe('an identity', () => {
  it('is strange when three of its last five seconds were, and not before', () => {
    expect(judge([2, 2, 0, 0, 2, 0, 0, 0])).toEqual([0, 0, 0, 0, 1, 0, 0, 0].map(Boolean));
    expect(judge([2, 0, 0, 0, 0, 2, 2])).not.toContain(true);
    fc.assert(
      fc.property(fc.array(fc.boolean(), { maxLength: 60 }), (above) => {
        const said = judge(above.map((isAbove) => (isAbove ? 2 : 0)));
        for (const [tick, isSaid] of said.entries()) {
          const last = above.slice(Math.max(0, tick - 4), tick + 1);
          expect(isSaid).toBe(last.filter(Boolean).length >= 3);
        }
      }),
    );
  });

  it('needs more after each alarm, at most four times as much, and forgets it in days', () => {
    const state = startStrangeness();
    let at = 0;
    for (let alarm = 0; alarm < 20; alarm += 1) {
      judge([100, 100, 100], state, at);
      at += hourMs;
      judge([0, 0, 0, 0, 0], state, at);
    }
    expect(state.caution).toBeGreaterThan(3);
    expect(state.caution).toBeLessThanOrEqual(4);
    expect(judge([2, 2, 2, 2], state, at)).not.toContain(true);
    isStrange(state, 0, 1, at, 10 * 24 * hourMs);
    expect(judge([2, 2, 2, 2], state, at)).toContain(true);
  });
});
