import { expect, it } from 'vitest';
import type { Instant } from '../../../gateway/core/observation.ts';
import { defineRule } from '../../../gateway/core/rule.ts';
import type { Signal } from '../../../gateway/core/signal.ts';

const episodeMs = 60_000;
const rule = defineRule({
  id: 'opened',
  threat: 'D18',
  watches: ['undervoltage', 'case-opened'],
  episodeMs,
  judge: ({ kind }) => ({
    severity: kind === 'undervoltage' ? 'low' : 'high',
    confidence: 0.5,
    outcome: 'detected',
    evidence: { kind },
  }),
});

/** What was told, and when, of signals at these milliseconds. */
function told(...signals: readonly (readonly [number, 'undervoltage' | 'case-opened'])[]) {
  let state = rule.start;
  return signals.flatMap(([ms, kind]) => {
    const step = rule.step(state, { kind, at: (1e12 + ms) as Instant } as Signal, undefined);
    state = step.state;
    return step.finding ? [[ms, step.finding.severity]] : [];
  });
}

it('tells once an episode, and again in the next', () => {
  const signals = [0, 1, 59_999, 60_000, 60_001].map((ms) => [ms, 'undervoltage'] as const);
  expect(told(...signals)).toEqual([
    [0, 'low'],
    [60_000, 'low'],
  ]);
});

it('tells what is worse though something was told already, and nothing lesser after it', () => {
  expect(
    told([0, 'undervoltage'], [5, 'case-opened'], [6, 'case-opened'], [7, 'undervoltage']),
  ).toEqual([
    [0, 'low'],
    [5, 'high'],
  ]);
  expect(told([0, 'case-opened'], [5, 'undervoltage'])).toEqual([[0, 'high']]);
});
