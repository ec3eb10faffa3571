import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { createGatewayClock } from '../../../gateway/time/gateway-clock.ts';

const noon = Date.UTC(2026, 10, 22, 12);
const hour = 3_600_000;

beforeEach(() => void vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] }));
afterEach(() => void vi.useRealTimers());

/** A gateway that started at noon; its wall clock is off by what is said. */
async function start(keeps: () => boolean = () => true) {
  let passedMs = 0;
  let offMs = 0;
  const told: number[] = [];
  const clock = createGatewayClock({
    wall: () => noon + passedMs + offMs,
    monotonicMs: () => passedMs,
    timeService: async () => 'none',
    async onTrusted(anchorMs) {
      told.push(anchorMs);
      return keeps();
    },
    onStep: () => undefined,
    log: () => undefined,
    onFault: (error) => expect(error).toBeUndefined(),
  });
  await clock.start(noon);
  return {
    told,
    close: () => clock.close(),
    async pass(seconds: number, byMs = 0) {
      offMs += byMs;
      for (let second = 0; second < seconds; second += 1) {
        passedMs += 1_000;
        await vi.advanceTimersByTimeAsync(1_000);
      }
    },
  };
}

it('tells the store anew what the time is when it followed a step: else the next start repairs by the old one', async () => {
  const { told, pass, close } = await start();
  await pass(3);
  expect(told).toEqual([noon]);
  await pass(3, 20 * hour);
  expect(told).toEqual([noon, noon + 20 * hour]);
  close();
});

it('tells what many small corrections came to', async () => {
  const { told, pass, close } = await start();
  await pass(2, 300);
  expect(told).toEqual([noon]);
  await pass(2, 300);
  expect(told).toEqual([noon, noon + 600]);
  close();
});

it('tells again until it is kept, and nothing of a step that it does not follow', async () => {
  let isFull = true;
  const { told, pass, close } = await start(() => !isFull);
  await pass(2);
  isFull = false;
  await pass(2);
  expect(told).toEqual([noon, noon, noon, noon]);
  await pass(3, 300 * 24 * hour);
  expect(told).toHaveLength(4);
  close();
});
