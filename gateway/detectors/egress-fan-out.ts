import { defineRule } from '../core/rule.ts';

/** A provider of sign-on has a few names besides the one in the settings; not as many at once. */
const destinationsMax = 8;

/** The gateway tries many addresses or ports that no setting names: it is used to look around. */
export default defineRule({
  id: 'egress-fan-out',
  threat: 'D15',
  watches: ['egress-spread'],

  judge(signal) {
    const { destinations, refused } = signal;
    if (destinations <= destinationsMax) return undefined;
    return {
      severity: 'high',
      confidence: 0.85,
      outcome: refused > 0 ? 'blocked' : 'detected',
      evidence: { destinations, refused },
    };
  },
});
