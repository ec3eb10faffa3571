import { describe, expect, it } from 'vitest';
import { factorIds, postureQuestions } from '../../../gateway/core/rama.ts';
import {
  badnessOf,
  factors,
  priorBadness,
  questionIds,
  questions,
} from '../../../gateway/rama/criteria.ts';

describe('the criteria of RAMA', () => {
  it.each(questionIds)('%s lists its answers from bad to good', (id) => {
    const badness = postureQuestions[id].map((answer) => badnessOf(id, answer));
    expect(badness).toEqual([...badness].sort((a, b) => b - a));
    expect(Object.keys(questions[id].badness).sort()).toEqual([...postureQuestions[id]].sort());
  });

  it.each(questionIds)(
    '%s is never safe while it is unknown, unless it only opens a gate',
    (id) => {
      const [worst = 0] = postureQuestions[id].map((answer) => badnessOf(id, answer));
      if (worst > 0) expect(priorBadness(id)).toBeGreaterThan(0);
      expect(priorBadness(id)).toBeLessThanOrEqual(worst);
    },
  );

  it('takes all but 1.3 points from a device that has everything wrong', () => {
    const left = factorIds.reduce((product, id) => product * (1 - factors[id].weight), 100);
    expect(left).toBeCloseTo(1.3104, 4);
  });
});
