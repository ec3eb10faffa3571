import { expect, it } from 'vitest';
import type { DeviceId } from '../../../gateway/core/device.ts';
import type { Quarantine } from '../../../gateway/core/quarantine.ts';
import { createDeadlines } from '../../../gateway/ward/deadlines.ts';

const minute = 60_000;
const dayMs = 86_400_000;
const start = Date.UTC(2026, 10, 22, 12);

const half: Quarantine = {
  ...{ device: 'mon-1' as DeviceId, mode: 'hold', reason: 'odd', actor: 'cli:test' },
  ...{ since: start as Quarantine['since'], until: start + 30 * minute },
};

/** Whether it is over after so many minutes that passed, while the gateway’s clock is off by so much. */
function looks(...each: readonly (readonly [minutes: number, offMs: number])[]): boolean[] {
  const deadlines = createDeadlines();
  return each.map(([minutes, offMs]) => {
    const now = start + minutes * minute + offMs;
    const at = { now, aged: now, monotonicMs: 5_000 + minutes * minute };
    return deadlines.areOver([half], at).length === 1;
  });
}

it('a quarantine ends when its time is over', () => {
  expect(looks([0, 0], [29, 0], [30, 0])).toEqual([false, false, true]);
});

it('ends neither sooner nor later when somebody sets the clock', () => {
  expect(looks([0, 0], [5, dayMs], [29, dayMs], [30, dayMs])).toEqual([false, false, false, true]);
  expect(looks([0, 0], [5, -dayMs], [30, -dayMs])).toEqual([false, false, true]);
});

it('goes on after a start with what is left of it; with the whole of it while no time is known', () => {
  const first = (aged: number, minutes: number) => {
    const deadlines = createDeadlines();
    const now = start + 400 * dayMs;
    deadlines.areOver([half], { now, aged, monotonicMs: 0 });
    return deadlines.areOver([half], { now, aged, monotonicMs: minutes * minute }).length;
  };
  const aged = start + 20 * minute;
  expect([first(aged, 9), first(aged, 10)]).toEqual([0, 1]);
  expect([first(0, 29), first(0, 30)]).toEqual([0, 1]);
});

it('one without an end has none', () => {
  const at = { now: start + 9 * dayMs, aged: start + 9 * dayMs, monotonicMs: 9 * dayMs };
  expect(createDeadlines().areOver([{ ...half, until: undefined }], at)).toEqual([]);
});
