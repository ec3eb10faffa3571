import { describe, expect, it } from 'vitest';
import { learnCalm, ownShare, rarityOf, startCalm } from '../../../gateway/features/calm-scores.ts';

const stretchMs = 600_000;
const stretchesPerDay = 144;
const threshold = 2;

/** Days of a device whose stretches of ten minutes have these highest scores, over and over. */
function live(days: number, highest: readonly number[]) {
  const calm = startCalm();
  for (let stretch = 0; stretch <= days * stretchesPerDay; stretch += 1) {
    const score = highest[stretch % highest.length] ?? 0;
    for (const each of [0, score, 0]) learnCalm(calm, each, threshold, 1 + stretch * stretchMs);
  }
  return calm;
}

describe('a threshold of its own', () => {
  it('is the model’s until a device has shown for more than two days how calm it is, then as low as half', () => {
    expect(ownShare(startCalm())).toBe(1);
    expect(ownShare(live(1.9, [0.1]))).toBe(1);
    expect(ownShare(live(2.5, [0.1]))).toBe(0.5);
  });

  it('stays above what the device does more often than every other day', () => {
    const often = live(10, [...Array.from({ length: 70 }, () => 0.1), 1.5]);
    expect(ownShare(often) * threshold).toBeGreaterThanOrEqual(1.5);
    expect(ownShare(live(10, [1.9]))).toBe(1);
    const rarely = live(14, [...Array.from({ length: 7 * stretchesPerDay }, () => 0.1), 1.5]);
    expect(ownShare(rarely)).toBeLessThan(0.75);
  });

  it('says how rare a score is: one more than were as strange, of one more than there were', () => {
    expect(rarityOf(startCalm(), 5, threshold)).toBe(1);
    const calm = live(1, [...Array.from({ length: 71 }, () => 0.1), 3]);
    expect(rarityOf(calm, 50, threshold)).toBeCloseTo(1 / 145, 3);
    expect(rarityOf(calm, 2.5, threshold)).toBeCloseTo(3 / 145, 2);
    expect(rarityOf(calm, 0.01, threshold)).toBe(1);
  });

  it('is of one size, however long it goes', () => {
    expect(JSON.stringify(live(40, [0.3, 900])).length).toBeLessThan(1_024);
  });
});
