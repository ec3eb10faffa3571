import { defineDetector } from '../core/detector.ts';
import type { Severity } from '../core/finding.ts';

interface Told {
  readonly at: number;
  readonly severity: Severity;
}

/** A patient who is unusual is so for days: once a day is told, and once more when it gets worse. */
const toldEveryMs = 86_400_000;
/** So far above its threshold a score is not one signal that stands still. */
const mediumFactor = 2;
/** Of looks at charts the model was not made from, one in four thousand was told of. */
const confidence = 0.7;
const featuresMax = 5;

/**
 * A data-integrity check, never a clinical alarm: a patient's vital signs do not go on as those of
 * patients do, by a model. It names what is strange and no value; it changes and holds nothing.
 */
export default defineDetector<Told | null>({
  id: 'vital-signs-drift',
  threat: 'D08',
  watches: ['vital-signs-strange'],
  start: null,

  step(before, signal) {
    if (signal.kind !== 'vital-signs-strange') return { state: before };
    const { at, model, score, threshold, features } = signal;
    const isFar = score > mediumFactor * threshold;
    const severity: Severity = isFar ? 'medium' : 'low';
    const isSame = before !== null && at - before.at < toldEveryMs;
    const isWorse = isFar && before?.severity === 'low';
    if (isSame && !isWorse) return { state: before };
    return {
      state: { at, severity },
      finding: {
        severity,
        confidence,
        outcome: 'detected',
        evidence: {
          features: features.slice(0, featuresMax).join(', ').slice(0, 200),
          model,
          score: Number(score.toPrecision(4)),
          threshold: Number(threshold.toPrecision(4)),
        },
      },
    };
  },
});
