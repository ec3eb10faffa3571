import type { DeviceProfile } from '../core/device-profile.ts';
import type { Rejection } from '../core/intake.ts';
import type { MetricId } from '../core/metric.ts';
import type { Observation, Released } from '../core/observation.ts';
import type { Lane } from '../core/relay.ts';
import { associate } from '../stages/associate.ts';
import type { Leak } from '../stages/leak.ts';
import { type Sanitized, sanitize } from '../stages/sanitize.ts';
import type { Admission, Departure, HeldObservations } from './admission.ts';
import type { Destination, Policy } from './policy.ts';
import { known } from './policy.ts';

/** The lane of each metric of a profile. */
export type Lanes = ReadonlyMap<MetricId, Lane>;

/** A measurement that somebody took is kept longest; a value of an endless row is shed before it. */
export function planLanes({ metrics }: DeviceProfile): Lanes {
  return new Map(
    metrics.map(({ metric, cadence }) => [metric, cadence === 'episodic' ? 'numeric' : 'trend']),
  );
}

/** Lets what waited for a patient go, now that its device is bound. */
export function release(
  waiting: Pick<HeldObservations, 'device' | 'observations'>,
  policy: Policy,
): Pick<Admission, 'departures' | 'uncarried' | 'rejected'> & {
  readonly held: readonly Observation[];
} {
  const { lanes, associations } = known(policy, waiting.device);
  const { observations, held } = associate(waiting.observations, associations, false);
  const left = { departures: [], uncarried: [] };
  const { rejected } = depart(observations, lanes, policy, policy.destinations, left);
  return { ...left, rejected, held };
}

/** To every destination under that destination's names. Returns what was withheld, and would have leaked. */
export function depart(
  observations: readonly Observation[],
  lanes: Lanes,
  { names }: Policy,
  destinations: readonly Destination[],
  { departures, uncarried }: Readonly<Record<'departures' | 'uncarried', Departure[]>>,
): Pick<Sanitized, 'rejected' | 'leaks'> {
  const rejected: Rejection[] = [];
  const leaks: Leak[] = [];
  if (observations.length === 0) return { rejected, leaks };
  for (const { relay, lanes: carried, rules, keys } of destinations) {
    const sanitized = sanitize(observations, rules, keys, names);
    rejected.push(...sanitized.rejected);
    leaks.push(...sanitized.leaks);
    for (const [lane, released] of byLane(sanitized.released, lanes)) {
      const group = carried.has(lane) ? departures : uncarried;
      group.push({ relay, lane, observations: released });
    }
  }
  return { rejected, leaks };
}

function byLane(released: readonly Released[], lanes: Lanes): Map<Lane, Released[]> {
  const groups = new Map<Lane, Released[]>();
  for (const observation of released) {
    const lane = laneOf(observation, lanes);
    const others = groups.get(lane);
    if (others) others.push(observation);
    else groups.set(lane, [observation]);
  }
  return groups;
}

function laneOf(observation: Released, lanes: Lanes): Lane {
  if (observation.kind === 'alert') return 'alert';
  if (observation.kind === 'samples') return 'waveform';
  return lanes.get(observation.metric) ?? 'trend';
}
