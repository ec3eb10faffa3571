import { episodeMs } from '../core/alarm-rule.ts';
import { defineDetector } from '../core/detector.ts';
import type { Severity } from '../core/finding.ts';

interface Seen {
  readonly at: number;
  readonly severity: Severity;
}

/** How far above its threshold a score is: below the first, low; from the last on, high. */
const severityFactors = { medium: 3, high: 20 } as const;
/** Far fewer than one ordinary second in a hundred is above a threshold (see the model’s card). */
const enrolledConfidence = 0.99;
/** What a profile lets expect is less sure than what a device itself has shown. */
const priorConfidence = 0.9;
const featuresMax = 5;

/**
 * A device behaves otherwise than it used to, by a model of how all of them behave. It says which
 * features are strange; it never blocks anything by itself.
 */
export default defineDetector<Seen | null>({
  id: 'behaviour-drift',
  threat: 'D16',
  watches: ['behaviour-strange'],
  start: null,

  step(before, signal) {
    if (signal.kind !== 'behaviour-strange') return { state: before };
    const { at, score, threshold, rarity, model, isEnrolled, features } = signal;
    const severity = severityOf(score / Math.max(threshold, Number.MIN_VALUE));
    // One finding an episode, and one more when it gets worse.
    const isSameEpisode = before !== null && at - before.at < episodeMs;
    const isWorse = before !== null && rank(severity) > rank(before.severity);
    const worst = isSameEpisode && !isWorse ? before.severity : severity;
    const state = { at, severity: worst };
    if (isSameEpisode && !isWorse) return { state };
    const told = Object.entries(features)
      .slice(0, featuresMax)
      .map(([name, z]) => [name, Number(z.toFixed(1))]);
    return {
      state,
      finding: {
        severity,
        confidence: isEnrolled ? enrolledConfidence : priorConfidence,
        outcome: 'detected',
        evidence: {
          ...Object.fromEntries(told),
          model,
          score: Number(score.toPrecision(4)),
          threshold: Number(threshold.toPrecision(4)),
          ...(rarity !== undefined && { 'p-value': Number(rarity.toPrecision(2)) }),
        },
      },
    };
  },
});

function severityOf(factor: number): Severity {
  if (factor >= severityFactors.high) return 'high';
  return factor >= severityFactors.medium ? 'medium' : 'low';
}

function rank(severity: Severity): number {
  return ['low', 'medium', 'high', 'critical'].indexOf(severity);
}
