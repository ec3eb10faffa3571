import type { Stay } from './admission.ts';
import type { Association } from './association.ts';
import type { DeviceId } from './device.ts';
import type { DeviceProfile } from './device-profile.ts';

/** As much of a registered device as says whom it can be bound to. */
export interface Bedside {
  readonly profile: Pick<DeviceProfile, 'association'>;
  /** Where it stands, by `bedOf`; undefined for one that goes with its patient. */
  readonly bed?: string | undefined;
  /** Since when it stands there. Milliseconds since the epoch. */
  readonly placedAt?: number | undefined;
  /** Newest first. */
  readonly associations: readonly Association[];
}

/**
 * One change of whom a device is bound to. `displaced`: another patient came to the bed. `withdrawn`:
 * it never was so. `resumed`: it never ended.
 */
export interface BindingChange {
  readonly device: DeviceId;
  readonly kind: 'begun' | 'resumed' | 'ended' | 'displaced' | 'withdrawn';
  /** As it is now. */
  readonly association: Association;
  /** The feed that said so, and what it said. */
  readonly by: DeviceId;
  readonly trigger: string;
  /** When the gateway heard it. */
  readonly at: number;
}

/** One batch's view of who lies where: reads through, writes beside. */
export interface Ward {
  /** Devices that a patient can be bound to. */
  readonly bedsides: Iterable<readonly [DeviceId, Bedside]>;
  /** Newest first, with what this batch changed. */
  associationsOf(device: DeviceId): readonly Association[];
  stayOf(subject: string): Stay | undefined;
  /** Puts an association in the place of the one of the same device that began at the same time. */
  change(change: BindingChange): void;
  remember(stay: Stay): void;
  readonly changes: readonly BindingChange[];
  /** By the patient's id. */
  readonly stays: ReadonlyMap<string, Stay>;
}

export function openWard(
  devices: ReadonlyMap<string, Bedside>,
  known: ReadonlyMap<string, Stay>,
): Ward {
  const associations = new Map<DeviceId, readonly Association[]>();
  const changes: BindingChange[] = [];
  const stays = new Map<string, Stay>();
  const associationsOf = (device: DeviceId) =>
    associations.get(device) ?? devices.get(device)?.associations ?? [];
  return {
    changes,
    stays,
    get bedsides() {
      return [...devices].filter(([, { profile }]) => profile.association === 'device') as [
        DeviceId,
        Bedside,
      ][];
    },
    associationsOf,
    stayOf: (subject) => stays.get(subject) ?? known.get(subject),
    change(change) {
      const { device, association } = change;
      const others = associationsOf(device).filter(({ since }) => since !== association.since);
      associations.set(
        device,
        [association, ...others].sort((a, b) => b.since - a.since),
      );
      changes.push(change);
    },
    remember: (stay) => void stays.set(stay.subject.reveal(), stay),
  };
}
