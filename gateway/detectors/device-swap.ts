import { defineRule } from '../core/rule.ts';

/** Another device answers where a known one did: swapped by mistake, or on purpose. */
export default defineRule({
  id: 'device-swap',
  threat: 'D04',
  watches: ['device-swapped'],

  judge: () => ({
    severity: 'high',
    confidence: 0.9,
    outcome: 'blocked',
    // Not which: a device could write anything there.
    evidence: { what: 'serial-number' },
  }),
});
