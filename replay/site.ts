import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { saveConfig } from '../gateway/config.ts';
import type { DeviceId } from '../gateway/core/device.ts';
import { type Credentials, credentialsOf } from '../gateway/demo/ward.ts';
import { openSitePki } from '../gateway/pki/site-pki.ts';
import { createSite, openSiteStore } from '../gateway/site/site.ts';
import type { ReplayDevice } from './translate.ts';

export const host = '127.0.0.1';
/** Publishes beside the recording, so that it can be seen how long an answer takes meanwhile. */
export const probeId = 'replay-probe';
/** The device of a capture of a line. */
export const lineId = 'replay-line';

const root = join(import.meta.dirname, '..');

/** Makes a throw-away site with a device, a profile and a certificate for each source. */
export async function makeReplaySite(
  directory: string,
  devices: readonly ReplayDevice[],
  line?: { readonly profile: string; readonly tcp: string } | undefined,
): Promise<ReadonlyMap<string, Credentials>> {
  const now = Date.now();
  await createSite({ directory, name: 'replay', hosts: [host], now });
  const serial = line ? [{ device: lineId as DeviceId, tcp: line.tcp }] : [];
  saveConfig(directory, { site: 'replay', host, mqtt: { port: 0 }, https: { port: 0 }, serial });
  const probe = { id: probeId, src: probeId, perSecondMax: 50, silenceMax: 60 };
  const all = [...devices, probe];
  for (const device of all) {
    const profile = JSON.stringify(profileOf(device));
    writeFileSync(join(directory, 'profiles', `${device.id}.json`), profile);
  }
  const { store } = openSiteStore(directory);
  store.transact(() => {
    const registered = all.map(({ id }) => ({ id, profile: id }));
    if (line) registered.push({ id: lineId, profile: line.profile });
    for (const { id, profile } of registered) {
      const device = { id: id as DeviceId, profile, class: 'I', function: 'none' } as const;
      store.devices.add({ ...device, ward: 'replay', addedAt: now }, { hash: '', expiresAt: 0 });
    }
  });
  store.close();
  const pki = openSitePki(directory);
  const credentials = new Map<string, Credentials>();
  for (const { id } of all) credentials.set(id, await credentialsOf(pki, id, now));
  return credentials;
}

/** Twice the ordinary rate and three times the ordinary silence, as a maker states with some room. */
function profileOf({ id, src, perSecondMax, silenceMax }: ReplayDevice) {
  return {
    id,
    manufacturer: 'Replay',
    model: src,
    specialization: 'MDC_DEV_SPEC_PROFILE_HYDRA',
    class: 'I',
    function: 'none',
    link: { kind: 'mqtt', protocol: 'wardgate-json' },
    metrics: [{ field: 'MDC_ECG_HEART_RATE', metric: 'MDC_ECG_HEART_RATE' }],
    silentAfterMs: Math.max(60_000, Math.ceil(3 * silenceMax * 1_000)),
    messagesPerSecondMax: Math.max(1, 2 * perSecondMax),
    security: { authenticates: true, encrypts: true, updatable: true },
    sources: ['Read from the ordinary part of the recording.'],
  };
}

type Event = Readonly<Record<string, unknown>>;

export interface ReplayGateway {
  readonly mqttPort: number;
  readonly events: readonly Event[];
  stop(): Promise<void>;
}

const startTimeoutMs = 60_000;
const stopTimeoutMs = 60_000;

/** Starts the gateway of `tree`, which is this one or one without detectors. */
export async function startReplayGateway(
  directory: string,
  speed: number,
  tree: string,
): Promise<ReplayGateway> {
  const events: Event[] = [];
  const script = join(tree, 'replay/gateway.ts');
  const child = spawn(
    process.execPath,
    ['--max-semi-space-size=4', script, directory, `${speed}`],
    {
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  );
  const ended = once(child, 'exit');
  const killed = () => void child.kill('SIGKILL');
  process.once('exit', killed);
  const ready = Promise.withResolvers<number>();
  createInterface({ input: child.stdout }).on('line', (line) => {
    const event = JSON.parse(line) as Event;
    events.push(event);
    if (event['event'] === 'gateway.ready') ready.resolve(Number(event['mqttPort']));
  });
  const slow = setTimeout(killed, startTimeoutMs);
  const died = ended.then(() => Promise.reject(new Error('the gateway ended')));
  died.catch(() => undefined);
  const mqttPort = await Promise.race([ready.promise, died]).finally(() => clearTimeout(slow));
  return {
    mqttPort,
    events,
    async stop() {
      child.kill('SIGTERM');
      const late = setTimeout(killed, stopTimeoutMs);
      await ended;
      clearTimeout(late);
      process.off('exit', killed);
    },
  };
}

export const wholeTree = root;

/** The same sources with no file in gateway/detectors: there is no setting that turns them off. */
export function treeWithoutDetectors(folder: string): string {
  const isDetector = (path: string) => /gateway\/detectors\/[^/]+$/.test(path);
  for (const name of ['gateway', 'replay']) {
    const filter = (path: string) => !isDetector(path);
    cpSync(join(root, name), join(folder, name), { recursive: true, filter });
  }
  for (const name of ['device-profiles', 'certs', 'models', 'node_modules', 'package.json']) {
    symlinkSync(join(root, name), join(folder, name));
  }
  return folder;
}
