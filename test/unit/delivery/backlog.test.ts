import { expect, it } from 'vitest';
import { createBacklogEnd, liveMsMax } from '../../../gateway/delivery/backlog.ts';

it('takes what was there at the start for backlog, and what arrives for live data', () => {
  const end = createBacklogEnd();
  end.note(70, 5_000);
  expect(end.upTo(5_000)).toBe(70);
  end.note(90, 6_000);
  expect(end.upTo(6_000)).toBe(70);
});

it('takes for backlog what has waited too long to be live', () => {
  const end = createBacklogEnd();
  end.note(10, 0);
  end.note(20, 1_000);
  end.note(30, 2_000);
  expect(end.upTo(1_000 + liveMsMax - 1)).toBe(10);
  expect(end.upTo(1_000 + liveMsMax)).toBe(20);
  expect(end.upTo(3_600_000)).toBe(30);
});

it('never takes backlog for live data again', () => {
  const end = createBacklogEnd();
  let before = 0;
  for (let second = 0; second < 100; second += 1) {
    end.note(second * 7, second * 1_000);
    const now = end.upTo(second * 1_000);
    expect(now).toBeGreaterThanOrEqual(before);
    before = now;
  }
  expect(before).toBe((99 - liveMsMax / 1_000) * 7);
});
