import type { Device, DeviceId } from '../core/device.ts';
import type { DeviceProfile } from '../core/device-profile.ts';
import { Phi } from '../core/phi.ts';
import type { SitePki } from '../pki/site-pki.ts';
import { findProfile } from '../site/profiles.ts';
import type { Store } from '../store/store.ts';

/** One bed of the simulated ward. */
export interface Bed {
  readonly id: DeviceId;
  readonly profile: DeviceProfile;
  readonly rateHz: number;
  /** Tells the patients apart. */
  readonly seed: number;
}

const plan = [
  ['monitor-1', 'generic-vital-signs-monitor', 2],
  ['monitor-2', 'generic-vital-signs-monitor', 2],
  ['monitor-3', 'generic-vital-signs-monitor', 1],
  ['sensor-1', 'generic-senml-sensor', 1],
  ['pressure-1', 'a-and-d-home-bp', 0.5],
  ['pressure-2', 'a-and-d-home-bp', 0.2],
  ['oximeter-1', 'masimo-radical-7', 1],
  ['analyser-1', 'generic-astm-analyser', 0.2],
  ['monitor-4', 'generic-pcd01-monitor', 0.5],
] as const;

/** Registered and enrolled like the others, but stolen: it takes no part in the ward’s own traffic. */
export function stolenFrom(profiles: ReadonlyMap<string, DeviceProfile>): Bed {
  const profile = findProfile(profiles, 'generic-vital-signs-monitor');
  return { id: 'monitor-9' as DeviceId, profile, rateHz: 1, seed: 9 };
}

export function wardOf(profiles: ReadonlyMap<string, DeviceProfile>): readonly Bed[] {
  return plan.map(([id, profile, rateHz], index) => ({
    id: id as DeviceId,
    profile: findProfile(profiles, profile),
    rateHz,
    seed: index + 1,
  }));
}

/** Registers every device and binds it to a patient of its own. */
export function registerWard(store: Store, beds: readonly Bed[], now: number): void {
  store.transact(() => {
    for (const { id, profile, seed } of beds) {
      const device: Device = {
        id,
        profile: profile.id,
        class: profile.class,
        function: profile.function,
        ward: 'demo',
        addedAt: now,
      };
      store.devices.add(device, { hash: '', expiresAt: now });
      store.devices.associate(id, new Phi(`MRN-${4_710 + seed}`), now);
    }
  });
}

export interface Credentials {
  readonly key: string;
  readonly cert: string;
  readonly ca: string;
}

export async function credentialsOf(pki: SitePki, id: string, now: number): Promise<Credentials> {
  const { privateKeyPem = '', chainPem } = await pki.issueDevice(id, { now });
  return { key: privateKeyPem, cert: chainPem, ca: pki.rootPem };
}
