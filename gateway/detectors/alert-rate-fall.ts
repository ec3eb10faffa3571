import { defineRule } from '../core/rule.ts';

/** By chance so few are found once in so many looks. */
const chanceMax = 1e-4;
/** Findings come in heaps, which Poisson does not know: it is also far below the quietest day. */
const leastShareMax = 0.25;

/**
 * A detector that found something every day finds next to nothing: its rule may be silenced, what it
 * looks at led past it, or a model taught that it is ordinary. Or the fault it told of is mended.
 */
export default defineRule({
  id: 'alert-rate-fall',
  threat: 'D20',
  watches: ['alert-rate'],
  episodeMs: 86_400_000,

  judge(signal) {
    const { seen, expected, least, chance, withinMs } = signal;
    const isFall = chance < chanceMax && seen < least * leastShareMax;
    if (!isFall) return undefined;
    return {
      severity: 'medium',
      confidence: 0.6,
      outcome: 'detected',
      evidence: { seen, expected, least, withinHours: Math.round(withinMs / 3_600_000) },
    };
  },
});
