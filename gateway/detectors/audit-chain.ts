import { defineDetector } from '../core/detector.ts';

const problemCharsMax = 64;

/** Somebody took entries out of the audit trail, or changed them: what was done is to be forgotten. */
export default defineDetector<string>({
  id: 'audit-chain',
  threat: 'D20',
  watches: ['trail-damaged'],
  start: '',

  step(before, signal) {
    if (signal.kind !== 'trail-damaged') return { state: before };
    const { sequence } = signal;
    const problem = signal.problem.slice(0, problemCharsMax);
    const said = `${sequence} ${problem}`;
    if (said === before) return { state: before };
    return {
      state: said,
      finding: {
        severity: 'critical',
        confidence: 1,
        outcome: 'detected',
        evidence: { problem, sequence },
      },
    };
  },
});
