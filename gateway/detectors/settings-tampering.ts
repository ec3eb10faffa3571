import { defineRule } from '../core/rule.ts';

const pathCharsMax = 200;

/** Settings or profiles were changed in place. They are not in force before a reload, which says who. */
export default defineRule({
  id: 'settings-tampering',
  threat: 'D20',
  watches: ['settings-file-changed'],

  judge(signal) {
    return {
      // Mostly it is the administrator.
      severity: 'low',
      confidence: 0.3,
      outcome: 'detected',
      evidence: { path: signal.path.slice(0, pathCharsMax) },
    };
  },
});
