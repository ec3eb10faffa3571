import { episodeMs } from '../core/alarm-rule.ts';
import { defineDetector } from '../core/detector.ts';
import type { Severity } from '../core/finding.ts';

interface Seen {
  readonly at: number;
  readonly severity: Severity;
}

/** From so many on, or from half of all there are, it is the ward and not a few devices. */
const manyMin = 20;
const halfShare = 0.5;
const confidence = 0.9;
const featuresMax = 3;

/**
 * Many devices are strange within a minute of each other, more than this gateway is used to: something
 * goes round, or the network is ill. It says how many and by what; each has its own finding besides.
 */
export default defineDetector<Seen | null>({
  id: 'fleet-drift',
  threat: 'D16',
  watches: ['fleet-strange'],
  start: null,

  step(before, signal) {
    if (signal.kind !== 'fleet-strange') return { state: before };
    const { at, together, identities, features, z, model } = signal;
    const isMost = together >= manyMin || together >= identities * halfShare;
    const severity: Severity = isMost ? 'high' : 'medium';
    const isSame = before !== null && at >= before.at && at - before.at < episodeMs;
    const isWorse = isMost && before?.severity === 'medium';
    if (isSame && !isWorse) return { state: { at, severity: before.severity } };
    const mostly = Object.entries(features)
      .slice(0, featuresMax)
      .map(([name, count]) => `${name} of ${count}`);
    return {
      state: { at, severity },
      finding: {
        severity,
        confidence,
        outcome: 'detected',
        evidence: {
          together,
          identities,
          features: mostly.join(', ').slice(0, 200),
          newIdentitiesZ: z['new-identities'] ?? 0,
          waitingZ: z['waiting'] ?? 0,
          lagZ: z['lag-ms'] ?? 0,
          model: model.slice(0, 64),
        },
      },
    };
  },
});
