import { expect, it } from 'vitest';
import { seededRandom } from '../../../gateway/core/random.ts';
import { rhythmOf } from '../../../gateway/core/rhythm.ts';

const { next: random } = seededRandom(7);
const minuteMs = 60_000;

/** `count` events, each as long after the one before as `interval` says. */
function course(count: number, interval: () => number): readonly number[] {
  const times = [1_800_000_000_000];
  while (times.length < count) times.push((times.at(-1) ?? 0) + interval());
  return times;
}
const strength = (count: number, interval: () => number) =>
  rhythmOf(course(count, interval))?.autocorrelation ?? 0;

it('sees a clock, whatever its pace', () => {
  for (const everyMs of [300, minuteMs, 24 * 60 * minuteMs]) {
    const rhythm = rhythmOf(course(16, () => everyMs));
    expect(rhythm?.everyMs).toBe(everyMs);
    expect(rhythm?.autocorrelation).toBeGreaterThan(0.99);
  }
});

it('sees one that strays by a tenth', () => {
  const strayed = Array.from({ length: 200 }, () =>
    strength(24, () => minuteMs * (0.9 + 0.2 * random())),
  );
  expect(strayed.filter((each) => each >= 0.6).length).toBeGreaterThan(180);
});

it('sees none in what comes by chance, in bursts, or after a pause', () => {
  const exponential = () => -minuteMs * Math.log(1 - random());
  for (const interval of [
    exponential,
    () => (random() < 0.7 ? 0.05 : 5) * exponential(),
    () => minuteMs * 2 * random(),
  ]) {
    const strengths = Array.from({ length: 1_000 }, () => strength(16, interval));
    expect(strengths.filter((each) => each >= 0.6).length).toBeLessThanOrEqual(3);
  }
  expect(rhythmOf([0, 1, 2, 3, 1_000_000])).toBeUndefined();
  expect(rhythmOf([5, 5, 5])).toBeUndefined();
  expect(rhythmOf([])).toBeUndefined();
});
