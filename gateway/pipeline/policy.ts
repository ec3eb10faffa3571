import type { Stay } from '../core/admission.ts';
import type { KnownClock } from '../core/clock.ts';
import type { ClinicalFunction, DeviceId } from '../core/device.ts';
import type { DeviceProfile } from '../core/device-profile.ts';
import type { NameDictionary } from '../core/name-dictionary.ts';
import type { Protocol } from '../core/protocol.ts';
import type { QuarantineMode } from '../core/quarantine.ts';
import type { Lane } from '../core/relay.ts';
import type { ResponseSettings } from '../core/response.ts';
import type { SanitizerKeys, SanitizerRule } from '../core/sanitizer.ts';
import type { DeviceKey } from '../core/signed-message.ts';
import type { Bedside } from '../core/ward.ts';
import type { DecodePlan } from '../stages/decode.ts';
import type { Watches } from '../stages/detect.ts';
import type { Lanes } from './depart.ts';

/** Everything admission knows of one registered device. */
export interface KnownDevice extends Bedside {
  readonly profile: DeviceProfile;
  readonly protocol: Protocol;
  readonly plan: DecodePlan;
  /** Where each of its metrics travels. */
  readonly lanes: Lanes;
  /** What it announces of itself, if it ever did. */
  readonly serialNumber?: string | undefined;
  readonly quarantine?: QuarantineMode | undefined;
  readonly function: ClinicalFunction;
  /** Under a limit: the most messages a second whose measurements are kept. */
  readonly perSecondMax?: number | undefined;
  /** By what its messages are proven, where its profile says that it signs. */
  readonly deviceKey?: DeviceKey | undefined;
  /** What was known of its clock when the gateway last wrote it down. */
  readonly clock?: KnownClock | undefined;
}

/** Where released data goes, and under which names. */
export interface Destination {
  readonly relay: string;
  /** The lanes it can carry. */
  readonly lanes: ReadonlySet<Lane>;
  readonly rules: readonly SanitizerRule[];
  readonly keys: SanitizerKeys;
}

export interface Policy {
  readonly devices: ReadonlyMap<string, KnownDevice>;
  /** Where each patient lies, by the patient’s id. */
  readonly stays: ReadonlyMap<string, Stay>;
  readonly destinations: readonly Destination[];
  /** The live feed of consumers at our own broker, while there are any. It holds nothing back. */
  readonly feed?: Destination | undefined;
  readonly watches: Watches;
  readonly responses: ResponseSettings;
  /** Everybody this site knows as a patient. */
  readonly names?: NameDictionary | undefined;
  /** Keeps record keys from telling device names. */
  readonly salt: Uint8Array;
}

/** Whoever is admitted is known to the policy: the keeper sees to it. */
export function known(policy: Policy, id: DeviceId): KnownDevice {
  const device = policy.devices.get(id);
  if (!device) throw new RangeError(`no device ${id} in the policy`);
  return device;
}
