import { expect, it } from 'vitest';
import type { Instant } from '../../../gateway/core/observation.ts';
import { type FaultPlan, withFaults } from '../../../gateway/core/simulated-fault.ts';

const noon = Date.UTC(2026, 10, 22, 12) as Instant;
const bytes = Uint8Array.from({ length: 40 }, (_, index) => index);

/** What a device says for a while: its bytes and what its clock showed. */
function play(plan: FaultPlan, seed: number) {
  const clocks: number[] = [];
  const faulty = withFaults(
    (_, at) => {
      clocks.push(at);
      return [{ channel: 'line', bytes }];
    },
    plan,
    seed,
  );
  const moments = Array.from({ length: 200 }, (_, index) => ({
    writes: faulty.say(index + 1, noon),
    isUnplugged: faulty.isUnplugged(),
  }));
  return { clocks, moments };
}

const bitsOf = (value: number) => value.toString(2).replaceAll('0', '').length;

it('without a plan says what the device says', () => {
  const { clocks, moments } = play({}, 1);
  expect(new Set(clocks)).toEqual(new Set([noon]));
  for (const { writes, isUnplugged } of moments) {
    expect(writes).toEqual([{ channel: 'line', bytes }]);
    expect(isUnplugged).toBe(false);
  }
});

it('flips one bit of a moment, and never the device’s own bytes', () => {
  for (const { writes } of play({ flip: 1 }, 2).moments) {
    const said = writes[0]?.bytes ?? new Uint8Array();
    const flipped = [...said].reduce((sum, byte, at) => sum + bitsOf(byte ^ (bytes[at] ?? 0)), 0);
    expect([said.length, flipped]).toEqual([bytes.length, 1]);
  }
  expect(bytes[7]).toBe(7);
});

it('leaves moments out, pulls the plug and moves the clock about as often as it is told', () => {
  const silent = play({ dropout: 0.25 }, 3).moments.filter(({ writes }) => writes.length === 0);
  const pulled = play({ unplug: 0.25 }, 4).moments.filter(({ isUnplugged }) => isUnplugged);
  const clocks = new Set(play({ 'clock-jump': 0.25 }, 5).clocks);
  for (const count of [silent.length, pulled.length, clocks.size]) {
    expect(count).toBeGreaterThan(25);
    expect(count).toBeLessThan(80);
  }
  expect(Math.max(...[...clocks].map((at) => Math.abs(at - noon)))).toBeLessThanOrEqual(86_400_000);
});

it('does the same for the same seed, and something else for another', () => {
  const plan = { flip: 0.3, dropout: 0.2, unplug: 0.1 };
  expect(play(plan, 6)).toEqual(play(plan, 6));
  expect(play(plan, 6)).not.toEqual(play(plan, 7));
});
