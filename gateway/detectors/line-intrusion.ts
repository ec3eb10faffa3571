import { defineRule } from '../core/rule.ts';

/** Somebody else speaks where a cable to one device was laid over the network. */
export default defineRule({
  id: 'line-intrusion',
  threat: 'D04',
  watches: ['stranger'],

  judge(signal) {
    const { address = '', count } = signal;
    return {
      severity: 'high',
      confidence: 0.9,
      outcome: 'blocked',
      evidence: { address, count },
    };
  },
});
