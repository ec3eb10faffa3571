import type { Instant } from './observation.ts';
import type { SimulatedWrite } from './simulator.ts';

/** What may go wrong with a simulated device or its cable. */
export const simulatedFaults = {
  flip: 'one bit of a write is flipped',
  dropout: 'a moment is not said',
  'clock-jump': 'the device’s clock jumps, up to a day either way',
  unplug: 'the line is cut after a moment',
} as const satisfies Record<string, string>;

export type SimulatedFault = keyof typeof simulatedFaults;

/** How probable each is with every moment, from 0 to 1. */
export type FaultPlan = Readonly<Partial<Record<SimulatedFault, number>>>;

export type Say = (sequence: number, at: Instant, isOpening?: boolean) => readonly SimulatedWrite[];

const dayMs = 86_400_000;

/** A device that says what it says, with faults. The seed alone decides which and when. */
export function withFaults(
  say: Say,
  plan: FaultPlan,
  seed: number,
): { readonly say: Say; readonly isUnplugged: () => boolean } {
  const chance = seeded(seed);
  const happens = (fault: SimulatedFault) => chance() < (plan[fault] ?? 0);
  let clockOffsetMs = 0;

  return {
    isUnplugged: () => happens('unplug'),
    say(sequence, at, isOpening) {
      if (happens('clock-jump')) clockOffsetMs = Math.round((2 * chance() - 1) * dayMs);
      const writes = say(sequence, (at + clockOffsetMs) as Instant, isOpening);
      if (happens('dropout')) return [];
      if (!happens('flip')) return writes;
      const spoilt = Math.floor(chance() * writes.length);
      return writes.map((write, index) =>
        index === spoilt ? { ...write, bytes: flipped(write.bytes, chance()) } : write,
      );
    },
  };
}

function flipped(bytes: Uint8Array, place: number): Uint8Array {
  const bit = Math.floor(place * bytes.length * 8);
  return bytes.map((byte, index) => (index === bit >> 3 ? byte ^ (1 << (bit & 7)) : byte));
}

/** Numbers in [0, 1) that the seed alone decides (32-bit linear congruence, then mixed). */
function seeded(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 0x2c1b3c6d);
    mixed = Math.imul(mixed ^ (mixed >>> 12), 0x297a2d39);
    return ((mixed ^ (mixed >>> 15)) >>> 0) / 2 ** 32;
  };
}
