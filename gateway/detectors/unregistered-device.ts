import { defineRule } from '../core/rule.ts';

/**
 * A device with a certificate of this site comes, and nobody registered it: a register that is behind,
 * one that was removed and is still in use, or one that nobody knows of.
 */
export default defineRule({
  id: 'unregistered-device',
  threat: 'D04',
  watches: ['refused'],

  judge(signal) {
    if (signal.cause !== 'not-registered') return undefined;
    const { address = '', device = '' } = signal;
    return {
      severity: 'medium',
      confidence: 0.95,
      outcome: 'blocked',
      evidence: { device, address },
    };
  },
});
