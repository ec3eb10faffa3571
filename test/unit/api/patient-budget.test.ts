import { expect, it } from 'vitest';
import { PatientBudget } from '../../../gateway/api/patient-budget.ts';
import type { Principal } from '../../../gateway/core/principal.ts';

const nurse: Principal = { id: 'nora', role: 'clinical', by: 'session' };
const other: Principal = { id: 'otto', role: 'clinical', by: 'session' };
const hourMs = 3_600_000;

function budgetAt() {
  const told: string[] = [];
  let now = 0;
  const seen: number[] = [];
  const budget = new PatientBudget(() => now, {
    beyond: ({ id }) => told.push(id),
    seen: (_, count) => seen.push(count),
  });
  const shown = (principal: Principal, devices: number, from = 0) =>
    Array.from({ length: devices }, (_, index) => `mon-${from + index}`).filter((device) =>
      budget.admits(principal, device),
    ).length;
  return { budget, told, seen, shown, wait: (ms: number) => (now += ms) };
}

it('shows a ward again and again, all day', () => {
  const { told, shown } = budgetAt();
  for (let look = 0; look < 1_000; look += 1) expect(shown(nurse, 40)).toBe(40);
  expect(told).toEqual([]);
});

it('shows nobody a hospital, says so once, and still shows what was seen', () => {
  const { told, shown } = budgetAt();
  expect(shown(nurse, 2_000)).toBe(250);
  expect(shown(nurse, 40)).toBe(40);
  expect(shown(nurse, 40, 1_000)).toBe(0);
  expect(told).toEqual(['nora']);
  expect(shown(other, 40, 1_000)).toBe(40);
});

it('begins anew after an hour', () => {
  const { told, shown, wait } = budgetAt();
  shown(nurse, 2_000);
  wait(hourMs);
  expect(shown(nurse, 40, 1_000)).toBe(40);
  expect(told).toEqual(['nora']);
});

it('tells at each doubling, and shows no more to whom it is closed, but for who broke the glass', () => {
  const { budget, told, seen, shown } = budgetAt();
  expect(shown(nurse, 20)).toBe(20);
  expect(seen).toEqual([1, 2, 4, 8, 16]);
  budget.close(nurse);
  expect(shown(nurse, 40)).toBe(40);
  expect(told).toEqual([]);
  budget.close(nurse);
  expect(shown(nurse, 40)).toBe(40);
  expect(shown(nurse, 40, 1_000)).toBe(0);
  expect(told).toEqual(['nora']);
  expect(shown({ ...nurse, isRaised: true }, 40, 1_000)).toBe(40);
});
