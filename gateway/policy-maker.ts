import { createSecretKey } from 'node:crypto';
import { join } from 'node:path';
import { catalogue } from './catalogue.ts';
import type { Detector } from './core/detector.ts';
import type { Device } from './core/device.ts';
import type { DeviceProfile } from './core/device-profile.ts';
import { GatewayError } from './core/error.ts';
import { nameDictionary } from './core/name-dictionary.ts';
import { bedOf } from './core/place.ts';
import type { Protocol } from './core/protocol.ts';
import { pseudonymOf } from './core/pseudonym.ts';
import type { DeviceDescription, Lane } from './core/relay.ts';
import { defaultResponses, type ResponseSettings } from './core/response.ts';
import type { SanitizerRule } from './core/sanitizer.ts';
import { planLanes } from './pipeline/depart.ts';
import type { Destination, KnownDevice, Policy } from './pipeline/policy.ts';
import { ensureSecret } from './pki/secrets.ts';
import { type DecodePlan, planDecoding } from './stages/decode.ts';
import { planWatches } from './stages/detect.ts';
import type { Store } from './store/store.ts';

const folder = (name: string) => join(import.meta.dirname, name);

export const loadProtocols = () => catalogue<Protocol>(folder('protocols'));
export const loadDetectors = () => catalogue<Detector>(folder('detectors'));

/** A destination and the lanes in which it is owed what is released. */
export interface OwedRelay {
  readonly id: string;
  readonly lanes: readonly Lane[];
}

/** What a policy is made of: plain data, so that it can be handed to a thread. */
export interface PolicyMaterial {
  /** The site directory, for its secrets. */
  readonly directory: string;
  readonly relays: readonly OwedRelay[];
  readonly profiles: ReadonlyMap<string, DeviceProfile>;
  readonly responses?: ResponseSettings | undefined;
}

/** What does not depend on the one device. */
type Plan = Pick<KnownDevice, 'profile' | 'protocol' | 'plan' | 'lanes'>;

/** Makes policies for a site: all that admission depends on besides the batch and its memory. */
export interface PolicyMaker {
  /** The policy for the devices and associations as they are now. */
  make(
    store: Pick<
      Store,
      'devices' | 'deviceClocks' | 'deviceKeys' | 'stays' | 'quarantines' | 'responses'
    >,
  ): Policy;
}

export async function openPolicyMaker({
  directory,
  relays,
  profiles,
  responses = defaultResponses,
}: PolicyMaterial): Promise<PolicyMaker> {
  const protocols = await loadProtocols();
  const detectors = await loadDetectors();
  const rules = [...(await catalogue<SanitizerRule>(folder('sanitizers'))).values()].sort(
    (a, b) => a.order - b.order,
  );
  const destinations: Destination[] = relays.map(({ id, lanes }) => ({
    relay: id,
    lanes: new Set(lanes),
    rules,
    keys: { pseudonymKey: createSecretKey(ensureSecret(directory, `pseudonym-${id}.key`)) },
  }));
  const feedKey = createSecretKey(ensureSecret(directory, 'pseudonym-of-consumers.key'));
  const feed: Destination = {
    relay: 'consumers',
    lanes: new Set(['alert', 'numeric', 'trend']),
    rules,
    keys: { pseudonymKey: feedKey },
  };
  const watches = planWatches(detectors.values());
  const salt = ensureSecret(directory, 'record.key');
  const plans = new Map<string, Plan>();

  function planOf(device: Device): Plan {
    const known = plans.get(device.profile);
    if (known) return known;
    const profile = profiles.get(device.profile);
    if (!profile) throw new GatewayError('profile-unknown', `${device.id}: ${device.profile}`);
    const protocol = findProtocol(protocols, profile);
    const plan: DecodePlan = planDecoding(profile);
    const planned = { profile, protocol, plan, lanes: planLanes(profile) };
    plans.set(device.profile, planned);
    return planned;
  }

  return {
    make({ devices, deviceClocks, deviceKeys, stays, quarantines, responses: taken }) {
      const known = new Map<string, KnownDevice>();
      const modes = new Map(quarantines.list().map(({ device, mode }) => [device, mode]));
      const limited = new Set(taken.objectsOf('limit-telemetry'));
      for (const device of devices.list()) {
        const plan = planOf(device);
        const quarantine = modes.get(device.id);
        // What it still says is refused, not acknowledged: its sender has it and says it again.
        if (quarantine === 'deny' && plan.profile.association === 'feed') continue;
        // Where records name their own subject, the device is bound to nobody.
        const isBound = plan.profile.association === 'device';
        const associations = isBound ? devices.associations(device.id) : [];
        const serialNumber = devices.serialNumber(device.id);
        const { ward, room = '', placedAt } = device;
        const bed = bedOf({ ward, room, bed: device.bed ?? '' });
        const clock = deviceClocks.find(device.id);
        known.set(device.id, {
          ...plan,
          serialNumber,
          clock,
          deviceKey: deviceKeys.find(device.id),
          associations,
          bed,
          placedAt,
          quarantine,
          function: device.function,
          ...(limited.has(device.id) && limitOf(plan.profile)),
        });
      }
      const whole = { destinations, feed, watches, salt, responses };
      return withNames({ ...whole, devices: known, stays: stays.all() });
    },
  };
}

function withNames(policy: Omit<Policy, 'names'>): Policy {
  const { devices, stays, salt } = policy;
  return { ...policy, names: nameDictionary(namesOf(devices, stays), salt) };
}

function* namesOf(
  devices: ReadonlyMap<string, KnownDevice>,
  stays: Policy['stays'],
): Iterable<string> {
  for (const { associations } of devices.values()) {
    for (const { subject } of associations) yield subject.reveal();
  }
  for (const { subject } of stays.values()) yield subject.reveal();
}

/** What a destination may know of the device it has this pseudonym for. */
export function describeDevice(
  { devices, destinations }: Policy,
  relay: string,
  pseudonym: string,
): DeviceDescription | undefined {
  const keys = destinations.find((one) => one.relay === relay)?.keys;
  if (!keys) return undefined;
  for (const [id, { profile }] of devices) {
    if (pseudonymOf('device', id, keys.pseudonymKey) !== pseudonym) continue;
    const { manufacturer, model, specialization } = profile;
    return { manufacturer, model, specialization };
  }
  return undefined;
}

/** Never below what a healthy device sends. A line has a rate of its own, and no message to count. */
export function limitOf({
  link,
  messagesPerSecondMax: perSecondMax,
}: DeviceProfile): { readonly perSecondMax: number } | undefined {
  return link.kind === 'mqtt' ? { perSecondMax } : undefined;
}

export function findProtocol(
  protocols: ReadonlyMap<string, Protocol>,
  { id, link }: DeviceProfile,
): Protocol {
  const protocol = protocols.get(link.protocol);
  if (!protocol) throw new RangeError(`${id}: there is no protocol ${link.protocol}`);
  return protocol;
}
