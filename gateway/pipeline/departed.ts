import type { DeviceProfile } from '../core/device-profile.ts';
import type { Instant } from '../core/observation.ts';
import type { Signal } from '../core/signal.ts';
import type { Departure } from './admission.ts';
import type { Policy } from './policy.ts';

/** How much left, beside what the devices of this site can say. */
export function departedSignals(
  departures: readonly Departure[],
  devices: Policy['devices'],
  at: Instant | undefined,
): readonly Signal[] {
  if (at === undefined || departures.length === 0) return [];
  const perSecondMax = perSecondMaxOf(devices);
  const counts = new Map<string, number>();
  for (const { relay, observations } of departures) {
    counts.set(relay, (counts.get(relay) ?? 0) + observations.length);
  }
  return [...counts].map(([relay, observations]) => {
    return { kind: 'departed', at, relay, observations, perSecondMax };
  });
}

/** Asked with each batch, and the same until a policy is made anew. */
const known = new WeakMap<Policy['devices'], number>();

function perSecondMaxOf(devices: Policy['devices']): number {
  const before = known.get(devices);
  if (before !== undefined) return before;
  let perSecondMax = 0;
  for (const { profile } of devices.values()) perSecondMax += observationsPerSecondMax(profile);
  known.set(devices, perSecondMax);
  return perSecondMax;
}

/** Each message with all that the profile lists, and an alert each. */
function observationsPerSecondMax({ messagesPerSecondMax, metrics }: DeviceProfile): number {
  return messagesPerSecondMax * 2 * (metrics.length + 1);
}
