import { expect, it } from 'vitest';
import type { Instant } from '../../../gateway/core/observation.ts';
import topicNovelty from '../../../gateway/detectors/topic-novelty.ts';

const start = 1_800_000_000_000;
const hourMs = 3_600_000;

interface Asked {
  readonly atMs: number;
  readonly topic: string;
  readonly reach?: number;
}

function findings(asked: readonly Asked[]) {
  let state = topicNovelty.start;
  return asked.flatMap(({ atMs, topic, reach = 1 }) => {
    const at = (start + atMs) as Instant;
    const step = topicNovelty.step(
      state,
      { kind: 'subscribed', at, consumer: 'analytics-1', topic, filters: 1, reach },
      undefined,
    );
    state = step.state;
    return step.finding ? [step.finding] : [];
  });
}

const usual = (count: number): Asked[] =>
  Array.from({ length: count }, (_, index) => ({
    atMs: index * hourMs,
    topic: 'released/_a/alerts',
  }));

it('says nothing of what a reader asks for when it first comes', () => {
  const first = ['released/#', 'findings/#', 'released/_a/alerts', 'released/_b/alerts'];
  expect(findings(first.map((topic, index) => ({ atMs: index, topic, reach: 90 })))).toEqual([]);
});

it('says nothing of the same topics for a year, nor of a reader that tries new ones all the time', () => {
  expect(findings(usual(9_000))).toEqual([]);
  const restless = Array.from({ length: 200 }, (_, index) => ({
    atMs: index * 60_000,
    topic: `released/_${index}/alerts`,
  }));
  expect(findings(restless)).toEqual([]);
});

it('tells a topic that was not to be expected any more, once', () => {
  const late = [1, 2, 3].map((index) => ({
    atMs: 30 * hourMs + index,
    topic: `released/_${index}/+`,
  }));
  expect(findings([...usual(30), ...late])).toEqual([
    expect.objectContaining({
      severity: 'medium',
      evidence: expect.objectContaining({ topic: 'released/_1/+', wildcards: 0.333 }),
    }),
  ]);
});

it('tells a filter that shows far more than ever before, also early', () => {
  const wide = { atMs: hourMs, topic: 'released/#', reach: 40 };
  expect(findings([...usual(1), wide])).toEqual([expect.objectContaining({ severity: 'high' })]);
  expect(findings([...usual(1), { ...wide, reach: 5 }])).toEqual([]);
});
