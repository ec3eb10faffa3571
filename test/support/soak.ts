import { hash } from 'node:crypto';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import type { DeviceId } from '../../gateway/core/device.ts';
import { createMemory, type LivingMemory } from '../../gateway/core/memory.ts';
import type { Instant } from '../../gateway/core/observation.ts';
import { noBytes, type Protocol } from '../../gateway/core/protocol.ts';
import { vitalSigns } from '../../gateway/core/simulated-patient.ts';
import type { Simulator } from '../../gateway/core/simulator.ts';
import { admit } from '../../gateway/pipeline/admit.ts';
import { lineMemory } from '../../gateway/stages/read.ts';
import { stateBytes } from './protocol-run.ts';
import { profilesOf, protocols, simulators } from './simulated-stream.ts';
import { bound, noon, policyOf } from './wards.ts';

/**
 * Plays a simulated device for a day of its own time through admission, as fast as it goes, in a
 * process of its own: `node test/support/soak.ts PROTOCOL SECONDS-BETWEEN`. Prints a `SoakReport`.
 */
export interface SoakReport {
  readonly records: number;
  readonly released: number;
  readonly rejected: number;
  readonly discardedBytes: number;
  /** The most the state took, in the measure of `stateBytesMax`. */
  readonly stateBytes: number;
  readonly stateBytesMax: number;
  /** The heap in bytes at the end of each hour of the device, after a collection. */
  readonly heapBytes: readonly number[];
  /** Seconds of the device in a second of ours. */
  readonly speed: number;
}

const hours = 24;
const hourMs = 3_600_000;
/** As many records as are remembered: from here on, memory has nothing left to fill. */
const rememberedMax = 32_768;
/** A patient is somebody else every so often, and an alarm comes and goes. */
const momentsPerPatient = 60;
const momentsPerAlarm = 30;
const momentsPerLook = 16;
/** As long as a record's key is. */
const keyLength = 22;
const device = 'soak-1' as DeviceId;

const [id = '', secondsBetween = '1'] = process.argv.slice(2);
process.stdout.write(`${JSON.stringify(soak(id, Number(secondsBetween) * 1_000))}\n`);

function soak(name: string, betweenMs: number): SoakReport {
  const protocol = protocols.get(name) as Protocol;
  const profile = profilesOf(name).find(({ id: own }) => !own.startsWith('test-'));
  const simulator = simulators.get(name) as Simulator;
  if (!profile) throw new Error(`${name}: no device speaks it`);
  const policy = policyOf({ [device]: { profile: profile.id, associations: [bound('MRN-1')] } });
  const memory = filledMemory();
  const collect = collector();
  const heapBytes: number[] = [];
  const sums = { records: 0, released: 0, rejected: 0, discardedBytes: 0, stateBytes: 0 };
  const began = performance.now();
  let nextHourAt = noon + hourMs;

  for (let sequence = 1; heapBytes.length < hours; sequence += 1) {
    const at = (noon + sequence * betweenMs) as Instant;
    const said = simulator.say({
      ...{ profile, serialNumber: '0000123456', sequence, at },
      values: vitalSigns(Math.floor(sequence / momentsPerPatient), at),
      isAlarming: sequence % momentsPerAlarm === 0,
    });
    const own = { device, receivedAt: at };
    const turn = { ...own, channel: 'line', bytes: noBytes, isTurn: true } as const;
    const intakes = said.map(({ channel, bytes }) => ({ ...own, channel, bytes }));
    const batch = protocol.speak ? [turn, ...intakes] : intakes;
    const admission = admit(batch, [], policy, memory);
    memory.remember(admission.changes);
    sums.records += admission.changes.seen.size;
    sums.released += admission.departures.length;
    sums.rejected += admission.rejected.length;
    sums.discardedBytes += admission.losses.get(device)?.discardedBytes ?? 0;
    if (sequence % momentsPerLook === 0) {
      const now = stateBytes(memory.values.get(device)?.get(lineMemory));
      sums.stateBytes = Math.max(sums.stateBytes, now);
    }
    if (at < nextHourAt) continue;
    nextHourAt += hourMs;
    collect();
    heapBytes.push(process.memoryUsage().heapUsed);
  }
  const speed = (hours * hourMs) / (performance.now() - began);
  return { ...sums, stateBytesMax: protocol.stateBytesMax, heapBytes, speed: Math.round(speed) };
}

/** Full from the start, so that whatever grows is a leak. */
function filledMemory(): LivingMemory {
  const memory = createMemory();
  const keys = Array.from({ length: rememberedMax }, (_, index) =>
    hash('sha256', `${index}`, 'base64url').slice(0, keyLength),
  );
  memory.remember({ values: new Map(), seen: new Set(keys) });
  return memory;
}

/** A whole collection, wherever this runs. */
function collector(): () => void {
  setFlagsFromString('--expose-gc');
  return runInNewContext('gc') as () => void;
}
