import { defineDetector } from '../core/detector.ts';

/** A model that nobody trusted has signed, or that is not what it was. It was not loaded. */
export default defineDetector<string>({
  id: 'model-refused',
  threat: 'D20',
  watches: ['model-refused'],
  start: '',

  step(before, signal) {
    if (signal.kind !== 'model-refused') return { state: before };
    const { model, reason } = signal;
    const said = `${model}: ${reason}`.slice(0, 200);
    // Tried again and again, it is the same finding.
    if (said === before) return { state: before };
    return {
      state: said,
      finding: {
        severity: 'high',
        confidence: 1,
        outcome: 'blocked',
        evidence: { model: model.slice(0, 64), reason: reason.slice(0, 200) },
      },
    };
  },
});
