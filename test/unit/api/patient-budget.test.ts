import { expect, it } from 'vitest';
import { PatientBudget } from '../../../gateway/api/patient-budget.ts';
import type { Principal } from '../../../gateway/core/principal.ts';

const nurse: Principal = { id: 'nora', role: 'clinical', by: 'session' };
const other: Principal = { id: 'otto', role: 'clinical', by: 'session' };
const hourMs = 3_600_000;

function budgetAt() {
  const told: string[] = [];
  let now = 0;
  const budget = new PatientBudget(
    () => now,
    ({ id }) => told.push(id),
  );
  const shown = (principal: Principal, devices: number, from = 0) =>
    Array.from({ length: devices }, (_, index) => `mon-${from + index}`).filter((device) =>
      budget.admits(principal, device),
    ).length;
  return { told, shown, wait: (ms: number) => (now += ms) };
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
