import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { seededRandom } from '../../../gateway/core/random.ts';
import { calibrate, falseAlarms, rocNearZero, smoothed } from '../../../gateway/learning/judge.ts';
import { eigen } from '../../../gateway/learning/matrix.ts';
import { fitPca } from '../../../gateway/learning/pca.ts';

const scores = fc
  .array(fc.float({ min: 0, max: 100, noNaN: true }), { minLength: 5, maxLength: 200 })
  .map((values) => Float32Array.from(values));

describe('a smoothed score', () => {
  it('is above a threshold exactly when three of the last five are', () => {
    fc.assert(
      fc.property(scores, fc.float({ min: 0, max: 100, noNaN: true }), (values, threshold) => {
        const smooth = smoothed(values);
        for (const [tick, each] of smooth.entries()) {
          const last = values.slice(Math.max(0, tick - 4), tick + 1);
          const above = last.filter((value) => value > threshold).length;
          expect(each > threshold).toBe(above >= 3);
        }
      }),
    );
  });
});

describe('a calibrated threshold', () => {
  it('keeps its budget on what it was calibrated by', () => {
    const random = seededRandom(1);
    const devices = Array.from({ length: 20 }, () =>
      Float32Array.from({ length: 8_640 }, () => Math.exp(random.normal())),
    );
    const threshold = calibrate(devices, { nominal: 0.001, alarmsPerDay: 0.5 }, 600);
    const { rate, perDeviceDay } = falseAlarms(devices, threshold, 600);
    expect(rate).toBeLessThanOrEqual(0.001);
    expect(perDeviceDay).toBeLessThanOrEqual(0.5);
  });
});

describe('the curve near zero', () => {
  it('is 1 for what lies apart, and near its own rate for what is alike', () => {
    const ordinary = Float32Array.from({ length: 10_000 }, (_, index) => index / 10_000);
    const apart = rocNearZero(ordinary, new Float32Array(100).fill(2));
    expect(apart.every(({ truePositive }) => truePositive === 1)).toBe(true);
    for (const { falsePositive, truePositive } of rocNearZero(ordinary, ordinary)) {
      expect(truePositive).toBeCloseTo(falsePositive, 2);
    }
  });
});

describe('eigenvectors', () => {
  it('turn a symmetric matrix into its diagonal', () => {
    const pairs = eigen(Float64Array.of(2, 1, 1, 2), 2);
    expect(pairs.map(({ value }) => value)).toEqual([expect.closeTo(3, 9), expect.closeTo(1, 9)]);
    expect(Math.abs(pairs[0]?.vector[0] ?? 0)).toBeCloseTo(Math.SQRT1_2, 9);
  });
});

describe('principal components', () => {
  it('find the direction in which rows differ, and weigh what goes beyond them', () => {
    const random = seededRandom(2);
    const values = new Float32Array(3 * 2_000);
    for (let row = 0; row < 2_000; row += 1) {
      const along = random.normal();
      values.set([along, along, random.normal() * 0.01], row * 3);
    }
    const { basis, remainderWeight } = fitPca(
      { width: 3, values },
      { rank: 1, clip: 3, ordinaryShare: 0.99 },
    );
    expect(Math.abs(basis[0] ?? 0)).toBeCloseTo(Math.SQRT1_2, 2);
    expect(basis[0]).toBeCloseTo(basis[1] ?? 0, 2);
    expect(Math.abs(basis[2] ?? 1)).toBeLessThan(0.01);
    expect(remainderWeight).toEqual(Float32Array.of(1, 1, 1));
  });
});
