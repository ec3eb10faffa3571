import type { DeviceId } from '../core/device.ts';
import { type Random, seededRandom } from '../core/random.ts';
import type { Signal } from '../core/signal.ts';
import { type Script, simulateTraffic } from '../datasets/simulated-traffic.ts';
import { loadProfiles } from '../site/profiles.ts';
import { rehearse } from './traffic-rehearsal.ts';

const hourMs = 3_600_000;
/** A working day of no particular year: features know no date. */
const wardStart = Date.UTC(2026, 0, 5, 8);

/** Devices of different models are told apart by it: none stands in two of them. */
export type Part = 'training' | 'validation' | 'test';
const parts: readonly Part[] = ['training', 'validation', 'test'];

export interface Ward {
  readonly seed: number;
  readonly devicesPerProfile: number;
  readonly hours: number;
}

export interface WardDevice {
  readonly id: DeviceId;
  readonly profile: string;
  readonly part: Part;
  readonly script: Script;
  /** It speaks in messages, not in pieces off a cable: somebody else could speak in its name. */
  readonly isMessages: boolean;
  readonly signals: readonly Signal[];
  readonly from: number;
  readonly until: number;
}

/**
 * A ward of every profile there is, each several times with other habits. The same seed gives the
 * same ward. Each device is made when it is asked for, so that a large ward needs no more memory.
 */
export async function* simulateWard({
  seed,
  devicesPerProfile,
  hours,
}: Ward): AsyncGenerator<WardDevice> {
  const root = seededRandom(seed);
  const profiles = [...(await loadProfiles()).values()].filter(
    ({ association }) => association !== 'feed',
  );
  for (const [index, profile] of profiles.entries()) {
    for (let copy = 0; copy < devicesPerProfile; copy += 1) {
      const random: Random = root.fork(index * devicesPerProfile + copy);
      // Any of them may hang on a converter that hands over whole messages.
      const isMessages = profile.link.kind === 'mqtt' || copy % 2 === 0;
      const script = await rehearse(profile, random, !isMessages);
      if (script.moments.length === 0) continue;
      const id = `${profile.id}-${copy + 1}` as DeviceId;
      const signals = simulateTraffic(id, script, { from: wardStart, hours, random });
      const part = parts[index % parts.length] as Part;
      const span = { from: wardStart, until: wardStart + hours * hourMs };
      yield { id, profile: profile.id, part, script, isMessages, signals, ...span };
    }
  }
}
