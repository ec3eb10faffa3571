import { join } from 'node:path';
import { catalogue } from './catalogue.ts';
import type { DeviceProfile } from './core/device-profile.ts';
import type { Say } from './core/simulated-fault.ts';
import { vitalSigns } from './core/simulated-patient.ts';
import type { Simulator } from './core/simulator.ts';

/** One message in so many announces an alarm of the device. */
const alarmEvery = 20;

/**
 * What a simulated device of this profile says: its wire format spoken over a simulated patient.
 * `seed` tells patients and serial numbers apart.
 */
export async function simulate(profile: DeviceProfile, seed: number): Promise<Say> {
  const simulator = await findSimulator(profile);
  const serialNumber = serialNumberOf(seed);
  return (sequence, at, isOpening) =>
    simulator.say({
      profile,
      serialNumber,
      sequence,
      at,
      values: vitalSigns(seed, at),
      isOpening: isOpening ?? false,
      isAlarming: sequence % alarmEvery === 0,
    });
}

export async function findSimulator(profile: DeviceProfile): Promise<Simulator> {
  const simulators = await catalogue<Simulator>(join(import.meta.dirname, 'simulators'));
  const simulator = simulators.get(profile.link.protocol);
  if (!simulator) throw new RangeError(`no simulator speaks ${profile.link.protocol}`);
  return simulator;
}

export function serialNumberOf(seed: number): string {
  return String(10_000 + seed).padStart(10, '0');
}
