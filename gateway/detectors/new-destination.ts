import { defineRule } from '../core/rule.ts';

const addressCharsMax = 64;

/** The gateway itself is connected to somebody that no setting names. */
export default defineRule({
  id: 'new-destination',
  threat: 'D14',
  watches: ['destination-unknown'],

  judge(signal) {
    const { remote, port } = signal;
    return {
      severity: 'high',
      confidence: 0.8,
      outcome: 'detected',
      evidence: { remote: remote.slice(0, addressCharsMax), port },
    };
  },
});
