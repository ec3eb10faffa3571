import { createSecretKey } from 'node:crypto';
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { join } from 'node:path';
import { type GivenRelay, type GivenSettings, saveConfig } from '../gateway/config.ts';
import { associationReachesBackMs } from '../gateway/core/association.ts';
import type { DeviceId } from '../gateway/core/device.ts';
import type { DeviceProfile } from '../gateway/core/device-profile.ts';
import { Phi } from '../gateway/core/phi.ts';
import { pseudonymOf } from '../gateway/core/pseudonym.ts';
import { codeOfMetric } from '../gateway/demo/ledger.ts';
import { ensureSecret } from '../gateway/pki/secrets.ts';
import { findProfile, loadProfiles } from '../gateway/site/profiles.ts';
import { createSite, openSiteStore } from '../gateway/site/site.ts';

const host = '127.0.0.1';

/** How a device of the ward reaches the gateway. */
export type Way = 'mqtt' | 'mllp' | 'serial';

export interface Bed {
  readonly id: DeviceId;
  readonly profile: DeviceProfile;
  readonly way: Way;
  readonly rateHz: number;
  readonly seed: number;
}

/** Every one of these is answered, so every one of these is promised something. */
const plan: readonly (readonly [id: string, profile: string, way: Way, rateHz: number])[] = [
  ['monitor-1', 'generic-vital-signs-monitor', 'mqtt', 8],
  ['monitor-2', 'generic-vital-signs-monitor', 'mqtt', 8],
  ['monitor-3', 'generic-vital-signs-monitor', 'mqtt', 4],
  ['monitor-4', 'generic-vital-signs-monitor', 'mqtt', 4],
  ['bedside-1', 'generic-pcd01-monitor', 'mllp', 1],
  ['bedside-2', 'generic-pcd01-monitor', 'mllp', 0.5],
  ['analyser-1', 'generic-astm-analyser', 'serial', 0.5],
];
/** Of each device: enough to be told apart, and few enough for millions of messages. */
const metricsPerDevice = 3;

export async function wardOf(directory: string): Promise<readonly Bed[]> {
  const profiles = await loadProfiles(directory);
  return plan.map(([id, name, way, rateHz], index) => {
    const profile = findProfile(profiles, name);
    const metrics = distinct(profile.metrics).slice(0, metricsPerDevice);
    return { id: id as DeviceId, profile: { ...profile, metrics }, way, rateHz, seed: index + 1 };
  });
}

/** One of each code: two specimens of one analyte would look alike at the hospital. */
function distinct(all: DeviceProfile['metrics']): DeviceProfile['metrics'] {
  const codes = new Set<number | string>();
  return all.filter(({ metric }) => {
    const code = codeOfMetric(metric);
    if (codes.has(code)) return false;
    codes.add(code);
    return true;
  });
}

export async function makeSite(directory: string, beds: readonly Bed[], now: number) {
  await createSite({ directory, name: 'chaos', hosts: [host], now });
  const { store } = openSiteStore(directory);
  store.transact(() => {
    for (const { id, profile, seed } of beds) {
      const { class: risk, function: purpose } = profile;
      store.devices.add(
        { id, profile: profile.id, class: risk, function: purpose, ward: 'chaos', addedAt: now },
        { hash: '', expiresAt: now },
      );
      store.devices.associate(id, new Phi(`MRN-${seed}`), now - associationReachesBackMs);
    }
  });
  store.close();
}

export interface Ports {
  readonly mqtt: number;
  readonly mllp: number;
}

/** The ports stay the same through every start: devices do not look for them. */
export async function writeSettings(
  directory: string,
  relays: readonly GivenRelay[],
  serial: NonNullable<GivenSettings['serial']>,
): Promise<Ports> {
  const ports = { mqtt: await freePort(), mllp: await freePort() };
  saveConfig(directory, {
    site: 'chaos',
    host,
    mqtt: { port: ports.mqtt },
    mllp: { port: ports.mllp },
    https: { port: 0 },
    serial,
    relays: [...relays],
  });
  return ports;
}

/** Whom a destination means by a pseudonym. */
export function devicesAt(
  directory: string,
  relay: string,
  beds: readonly Bed[],
): (pseudonym: string) => DeviceId | undefined {
  const key = createSecretKey(ensureSecret(directory, `pseudonym-${relay}.key`));
  const devices = new Map<string, DeviceId>(
    beds.map(({ id }) => [pseudonymOf('device', id, key), id]),
  );
  return (pseudonym) => devices.get(pseudonym);
}

export function storeFolder(directory: string): string {
  return join(directory, 'store');
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, host);
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}
