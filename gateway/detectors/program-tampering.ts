import { defineRule } from '../core/rule.ts';

const pathCharsMax = 200;

/** The program that is installed is not the one that first ran under its version. */
export default defineRule({
  id: 'program-tampering',
  threat: 'D17',
  watches: ['program-changed'],

  judge(signal) {
    const { path, change } = signal;
    return {
      severity: 'critical',
      confidence: 0.95,
      outcome: 'detected',
      evidence: { path: path.slice(0, pathCharsMax), change },
    };
  },
});
