import { defineRule } from '../core/rule.ts';
import { tlsFaultOf } from '../core/tls-fault.ts';

/** Known to be here and kept out by a person; or another detector’s affair. */
const notMisuse: ReadonlySet<string> = new Set([
  'quarantined',
  'certificate-cloned',
  'not-registered',
]);

/** Somebody was refused for who they claimed to be: no, foreign, expired or borrowed certificate. */
export default defineRule({
  id: 'identity-misuse',
  threat: 'D02',
  watches: ['refused'],

  judge(signal) {
    const { cause } = signal;
    const fault = tlsFaultOf(cause);
    if (notMisuse.has(cause) || fault === 'weak' || fault === 'foreign') return undefined;
    return {
      severity: 'medium',
      confidence: 0.9,
      outcome: 'blocked',
      evidence: { cause },
    };
  },
});
