import { join } from 'node:path';
import { catalogue } from './catalogue.ts';
import type { DeviceProfile } from './core/device-profile.ts';
import type { Instant } from './core/observation.ts';
import { vitalSigns } from './core/simulated-patient.ts';
import type { SimulatedWrite, Simulator } from './core/simulator.ts';

/** One message in so many announces an alarm of the device. */
const alarmEvery = 20;

/**
 * What a simulated device of this profile says: its wire format spoken over a simulated patient.
 * `seed` tells patients and serial numbers apart.
 */
export async function simulate(
  profile: DeviceProfile,
  seed: number,
): Promise<(sequence: number, at: Instant) => readonly SimulatedWrite[]> {
  const simulators = await catalogue<Simulator>(join(import.meta.dirname, 'simulators'));
  const simulator = simulators.get(profile.link.protocol);
  if (!simulator) throw new RangeError(`no simulator speaks ${profile.link.protocol}`);
  const serialNumber = String(10_000 + seed).padStart(10, '0');
  return (sequence, at) =>
    simulator.say({
      profile,
      serialNumber,
      sequence,
      at,
      values: vitalSigns(seed, at),
      isAlarming: sequence % alarmEvery === 0,
    });
}
