import { defineRule } from '../core/rule.ts';

/**
 * Somebody stands between the gateway and a destination, or the destination was changed without a
 * word: nothing is sent, and everything waits until the right one answers.
 */
export default defineRule({
  id: 'destination-distrust',
  threat: 'D03',
  watches: ['destination-distrusted'],

  judge(signal) {
    const { relay, cause } = signal;
    return {
      severity: 'high',
      confidence: 0.8,
      outcome: 'blocked',
      evidence: { relay, cause },
    };
  },
});
