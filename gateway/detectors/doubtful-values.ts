import { defineDetector } from '../core/detector.ts';
import type { Doubt } from '../core/doubt.ts';
import type { Severity } from '../core/finding.ts';
import { noTally, type Tally, tally } from '../core/tally.ts';

const episodeMs = 600_000;
/** Readings this far apart are taken by somebody, and not by a sensor that runs. */
const chartedApartMs = 300_000;

interface Row {
  /** So many in an episode are no accident. */
  readonly countMin: number;
  readonly severity: Severity;
  readonly confidence: number;
}

/** Sensors slip and lines are flushed: what a nurse’s hand does now and then is no finding. */
const rows: Readonly<Record<Doubt, Row>> = {
  replayed: { countMin: 1, severity: 'high', confidence: 0.9 },
  still: { countMin: 1, severity: 'medium', confidence: 0.8 },
  // Charted by the hour one is looked at by itself; each second a sensor that slips makes one.
  spike: { countMin: 5, severity: 'low', confidence: 0.5 },
  change: { countMin: 5, severity: 'medium', confidence: 0.7 },
  mean: { countMin: 10, severity: 'low', confidence: 0.5 },
  pulse: { countMin: 60, severity: 'low', confidence: 0.5 },
};

type Episodes = Readonly<Partial<Record<Doubt, Tally>>>;

/**
 * A data-integrity check, never a clinical alarm: values that came with the right form and are yet
 * hardly a patient’s. They went on, marked as questionable.
 */
export default defineDetector<Episodes>({
  id: 'doubtful-values',
  threat: 'D08',
  watches: ['doubtful'],
  start: {},

  step(before, signal) {
    if (signal.kind !== 'doubtful') return { state: before };
    const { check, metric } = signal;
    const { severity, confidence } = rows[check];
    const isCharted = check === 'spike' && (signal.apartMs ?? 0) >= chartedApartMs;
    const countMin = isCharted ? 1 : rows[check].countMin;
    const now = tally(before[check] ?? noTally, signal.at, episodeMs);
    const state = { ...before, [check]: now };
    if (now.count !== countMin) return { state };
    const evidence = { check, metric, count: now.count, withinMs: episodeMs };
    return { state, finding: { severity, confidence, outcome: 'detected', evidence } };
  },
});
