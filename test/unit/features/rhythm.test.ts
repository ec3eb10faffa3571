import { expect, it } from 'vitest';
import { keepTime, startRhythm } from '../../../gateway/features/rhythm.ts';

const start = 1_000_000;
const periodMs = 10_000;

/** A rhythm heard for so many turns, and when its next one is due. */
function heard(turns: number) {
  const rhythm = startRhythm();
  for (let turn = 0; turn < turns; turn += 1) keepTime(rhythm, start + turn * periodMs);
  return { rhythm, dueAt: start + turns * periodMs };
}

it('one more message between two turns is early, and one more than there should be', () => {
  for (const turns of [6, 60]) {
    const { rhythm, dueAt } = heard(turns);
    const first = keepTime(rhythm, dueAt - 6_000);
    const second = keepTime(rhythm, dueAt);
    expect(first.early).toBe(1);
    expect(first.ahead + second.ahead).toBeGreaterThan(0.8);
  }
});

it('a late message and the next one in its turn are nothing', () => {
  const { rhythm, dueAt } = heard(60);
  for (const at of [dueAt + 7_000, dueAt + periodMs]) {
    const { early, ahead } = keepTime(rhythm, at);
    expect([early, Math.round(ahead * 10)]).toEqual([0, 0]);
  }
});

it('nothing is out of turn before there is a rhythm, nor where there is none', () => {
  const rhythm = startRhythm();
  const gaps = [900, 9_000, 200, 30_000, 1_500, 4_000, 400, 12_000, 70, 7_000];
  let at = start;
  for (let round = 0; round < 20; round += 1) {
    for (const gap of gaps) {
      at += gap;
      expect(keepTime(rhythm, at).early).toBe(0);
    }
  }
});

it('what came early before is less of a surprise', () => {
  const { rhythm, dueAt } = heard(60);
  const said = [0, 1, 2, 3].map((turn) => {
    const { early } = keepTime(rhythm, dueAt + turn * periodMs - 5_000);
    keepTime(rhythm, dueAt + turn * periodMs);
    return early;
  });
  expect(said[0]).toBe(1);
  expect(said[3]).toBeLessThan(0.3);
});
