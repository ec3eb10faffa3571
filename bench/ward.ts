import { cpSync, existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type GivenSettings, saveConfig } from '../gateway/config.ts';
import { associationReachesBackMs } from '../gateway/core/association.ts';
import type { Device, DeviceId } from '../gateway/core/device.ts';
import { Phi } from '../gateway/core/phi.ts';
import { openSitePki } from '../gateway/pki/site-pki.ts';
import { createSite, openSiteStore } from '../gateway/site/site.ts';
import type { Store } from '../gateway/store/store.ts';

/** Devices of the ward are `bench-0000`, `bench-0001`, ... */
export const devicePrefix = 'bench-';
const host = '127.0.0.1';

/** A site with devices, each bound to a patient, and the certificates of those who take part. */
export interface Ward {
  /** Folder of `<id>.pem`: key and chain of each device. */
  readonly certificates: string;
  /** PEM files every peer uses alike. */
  readonly root: string;
  readonly trust: string;
  /** The gateway's server certificate with its chain, and its key. */
  readonly server: string;
  readonly serverChain: string;
  readonly serverKey: string;
  /** Sees to it that the first `count` devices have certificates. Returns the seconds it took. */
  enrol(count: number): Promise<number>;
  /** A site directory of its own in `name`, ready for `wardgate run`. */
  site(name: string, settings?: Partial<GivenSettings>): string;
}

/** The destination is nobody: what is admitted stays in the outbox, so that only intake is measured. */
const relays = [{ id: 'ehr', use: 'fhir', url: `https://${host}:1/fhir` }];
/** Nothing is shed, so that every acknowledged message can be counted afterwards. */
const bytesMax = 50_000_000_000;
/** Certificates that are made at once. */
const enrolAtOnce = 8;

export async function makeWard(directory: string, devices: number): Promise<Ward> {
  const template = join(directory, 'site');
  const certificates = join(directory, 'certificates');
  mkdirSync(certificates, { recursive: true, mode: 0o700 });
  const now = Date.now();
  await createSite({ directory: template, name: 'bench', hosts: [host, 'localhost'], now });
  const { store } = openSiteStore(template);
  register(store, devices, now);
  store.close();

  const pki = openSitePki(template);
  const put = (name: string, text: string) => {
    const path = join(directory, name);
    writeFileSync(path, text, { mode: 0o600 });
    return path;
  };
  const enrolOne = async (id: string) => {
    const path = join(certificates, `${id}.pem`);
    if (existsSync(path)) return;
    const { chainPem, privateKeyPem = '' } = await pki.issueDevice(id, { now });
    writeFileSync(path, chainPem + privateKeyPem, { mode: 0o600 });
  };
  return {
    certificates,
    root: put('root.pem', pki.rootPem),
    trust: put('trust.pem', pki.trust.join('\n')),
    server: put('server.pem', `${pki.server.cert}\n${pki.server.key}`),
    serverChain: put('server-chain.pem', pki.server.cert),
    serverKey: put('server.key', pki.server.key),
    async enrol(count) {
      const began = performance.now();
      for (let first = 0; first < count; first += enrolAtOnce) {
        const size = Math.min(enrolAtOnce, count - first);
        await Promise.all(Array.from({ length: size }, (_, each) => enrolOne(idOf(first + each))));
      }
      return (performance.now() - began) / 1_000;
    },
    site(name, settings = {}) {
      const copy = join(directory, name);
      cpSync(template, copy, { recursive: true });
      saveConfig(copy, {
        site: 'bench',
        host,
        mqtt: { port: 0 },
        https: { port: 0 },
        relays,
        retention: { bytesMax },
        ...settings,
      });
      return copy;
    },
  };
}

export function idOf(index: number): DeviceId {
  return `${devicePrefix}${String(index).padStart(4, '0')}` as DeviceId;
}

function register(store: Store, count: number, now: number): void {
  store.transact(() => {
    for (let index = 0; index < count; index += 1) {
      const device: Device = {
        id: idOf(index),
        profile: 'generic-vital-signs-monitor',
        class: 'IIb',
        function: 'monitor',
        ward: 'bench',
        addedAt: now,
      };
      store.devices.add(device, { hash: '', expiresAt: now });
      store.devices.associate(device.id, new Phi(`MRN-${index}`), now - associationReachesBackMs);
    }
  });
}

/** Messages of a stopped gateway that are on its disk: each leaves one entry in the trend lane. */
export function countKept(site: string): number {
  const { store } = openSiteStore(site);
  const entries = store.outbox
    .depths()
    .filter(({ lane }) => lane === 'trend')
    .reduce((sum, depth) => sum + depth.entries, 0);
  store.close();
  return entries;
}
