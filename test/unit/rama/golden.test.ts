import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { factorIds } from '../../../gateway/core/rama.ts';
import { aggregate } from '../../../gateway/rama/aggregate.ts';
import { ScoreFile, scoreCase } from '../../../gateway/rama/score-file.ts';
import { scoreOfVector } from '../../../gateway/rama/vector.ts';

interface Expected {
  readonly score: number;
  readonly grade: string;
  readonly raw: number;
  readonly c: number;
  readonly gate: number;
  readonly caps: readonly string[];
  readonly pointsLost: Readonly<Record<string, number>>;
}

const file = JSON.parse(
  readFileSync(join(import.meta.dirname, '../../fixtures/rama/golden.json'), 'utf8'),
) as { cases: readonly { expected: Expected }[]; groups: readonly Group[] };
interface Group {
  readonly name: string;
  readonly members: readonly { readonly score: number; readonly v: number }[];
  readonly expected: number;
}

const cases = ScoreFile.parse(file).cases.map((each, index) => ({
  ...each,
  expected: file.cases[index]?.expected as Expected,
}));

describe('the golden cases', () => {
  it.each(cases)('$name', ({ expected, ...each }) => {
    const result = scoreCase(each);
    expect(Math.abs(result.score - expected.score)).toBeLessThanOrEqual(0.05);
    expect(Math.abs(result.raw - expected.raw)).toBeLessThanOrEqual(0.05);
    expect(result.grade).toBe(expected.grade);
    expect(result.criticality).toBeCloseTo(expected.c, 9);
    expect(result.gates.map(({ id }) => id)).toEqual(expected.caps.map((cap) => cap.slice(0, 2)));
    const gatePoints = result.gates.reduce((sum, { points }) => sum + points, 0);
    expect(Math.abs(gatePoints - expected.gate)).toBeLessThanOrEqual(0.05);
    for (const id of factorIds) {
      const difference = result.factors[id].points - (expected.pointsLost[id] ?? 0);
      expect(Math.abs(difference)).toBeLessThanOrEqual(0.05);
    }
  });

  it.each(cases)('$name: its vector gives the score again', ({ expected, ...each }) => {
    const again = scoreOfVector(scoreCase(each).vector) ?? Number.NaN;
    expect(Math.abs(again - expected.score)).toBeLessThanOrEqual(0.1);
  });

  it('the vector of a well-kept monitor is the one that is published', () => {
    const [first] = cases;
    expect(first && scoreCase(first).vector).toBe(
      'RAMAGW:1/V:0.052/A:0.050/C:0.000/E:0.100/P:0.080/D:0.000/T:0.000/c:1.10',
    );
  });

  it.each(file.groups)('$name', ({ members, expected }) => {
    const local = aggregate(
      members.map(({ score, v }, index) => ({
        id: `${index}`,
        rama: {
          score,
          criticality: v,
          factors: { ...scoreCase(cases[0] as (typeof cases)[number]).factors },
          gates: [],
          byTag: { enisa: {}, owasp2021: {}, owasp2025: {}, iot: {} },
        },
      })),
    );
    expect(Math.abs((local?.score ?? 0) - expected)).toBeLessThanOrEqual(0.05);
  });
});
