import { defineRule } from '../core/rule.ts';

/** Somebody tries a secret that makers ship their devices with: nobody mistypes one by chance. */
export default defineRule({
  id: 'default-secret',
  threat: 'D01',
  watches: ['sign-in-refused'],

  judge({ isDefault, isLocked }) {
    if (!isDefault) return undefined;
    return {
      severity: 'medium',
      confidence: 0.85,
      outcome: 'blocked',
      evidence: { secret: 'a default of makers', isLocked: isLocked ? 'yes' : 'no' },
    };
  },
});
