import { join } from 'node:path';
import { catalogue } from '../gateway/catalogue.ts';
import type { DeviceProfile } from '../gateway/core/device-profile.ts';
import type { Instant } from '../gateway/core/observation.ts';
import type { Protocol } from '../gateway/core/protocol.ts';
import { vitalSigns } from '../gateway/core/simulated-patient.ts';
import type { Simulator } from '../gateway/core/simulator.ts';

/** What one device of a wire format says, moment by moment, and what reads it. */
export interface SimulatedStream {
  readonly protocol: Protocol;
  readonly profile: DeviceProfile;
  /** All writes of all moments, one after the other. */
  readonly writes: readonly Uint8Array[];
}

const root = join(import.meta.dirname, '..');

/** One stream for each wire format: of its first profile, `count` moments of one second each. */
export async function simulatedStreams(count: number): Promise<readonly SimulatedStream[]> {
  const protocols = await catalogue<Protocol>(join(root, 'gateway/protocols'));
  const simulators = await catalogue<Simulator>(join(root, 'gateway/simulators'));
  const profiles = [...(await catalogue<DeviceProfile>(join(root, 'device-profiles'))).values()];
  return [...protocols].flatMap(([id, protocol]) => {
    const simulator = simulators.get(id);
    const profile = profiles.find(({ link }) => link.protocol === id);
    if (!simulator || !profile) return [];
    const writes = Array.from({ length: count }, (_, index) =>
      momentOf(simulator, profile, index),
    ).flat();
    return [{ protocol, profile, writes }];
  });
}

/** A patient is somebody else every so often; in between, an alarm comes and goes. */
const momentsPerPatient = 60;
const momentsPerAlarm = 30;
const firstInstant = Date.UTC(2026, 10, 22);

function momentOf(simulator: Simulator, profile: DeviceProfile, index: number) {
  const at = (firstInstant + index * 1_000) as Instant;
  const said = simulator.say({
    profile,
    serialNumber: '0000123456',
    sequence: index + 1,
    at,
    values: vitalSigns(Math.floor(index / momentsPerPatient), at),
    isAlarming: index % momentsPerAlarm === 0,
  });
  return said.map(({ bytes }) => bytes);
}
