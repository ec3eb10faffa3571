import { defineRule } from '../core/rule.ts';

/** A time service that corrects a slow clock steps by less. */
const stepMsMin = 60_000;

/** Somebody set the machine’s clock. The gateway keeps its own time by the clock nobody sets. */
export default defineRule({
  id: 'clock-set',
  threat: 'D20',
  watches: ['wall-clock-set'],

  judge(signal) {
    const { stepMs, isFollowed } = signal;
    if (Math.abs(stepMs) < stepMsMin) return undefined;
    return {
      severity: stepMs < 0 ? 'high' : 'medium',
      confidence: isFollowed ? 0.6 : 0.9,
      outcome: isFollowed ? 'detected' : 'blocked',
      evidence: { stepMs, isFollowed: String(isFollowed) },
    };
  },
});
