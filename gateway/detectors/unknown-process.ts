import { defineRule } from '../core/rule.ts';

/** As the kernel keeps it. */
const nameCharsMax = 64;

/** The gateway runs a program that it does not start: somebody else runs it. */
export default defineRule({
  id: 'unknown-process',
  threat: 'D17',
  watches: ['process-unknown'],

  judge(signal) {
    const { name, isEnded } = signal;
    return {
      severity: 'critical',
      confidence: 0.95,
      outcome: isEnded ? 'blocked' : 'detected',
      evidence: { name: name.slice(0, nameCharsMax) },
    };
  },
});
