import { defineRule } from '../core/rule.ts';

/** A refused message or request holds text that is written to be run by whatever reads it next. */
export default defineRule({
  id: 'injection',
  threat: 'D09',
  watches: ['injection'],

  judge(signal) {
    return {
      severity: 'high',
      confidence: 0.9,
      outcome: 'blocked',
      evidence: { pattern: signal.pattern, where: signal.where },
    };
  },
});
