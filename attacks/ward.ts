import { createSecretKey } from 'node:crypto';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { type GivenSettings, saveConfig } from '../gateway/config.ts';
import type { Instant } from '../gateway/core/observation.ts';
import { pseudonymOf } from '../gateway/core/pseudonym.ts';
import type { ThreatId } from '../gateway/core/threat.ts';
import { type GatewayProcess, spawnGateway } from '../gateway/demo/gateway-process.ts';
import { startHospital } from '../gateway/demo/hospital.ts';
import { type Bed, type Credentials, credentialsOf, registerWard } from '../gateway/demo/ward.ts';
import type { FhirHospital } from '../gateway/hospital/fhir-hospital.ts';
import { ensureSecret } from '../gateway/pki/secrets.ts';
import { openSitePki, type SitePki } from '../gateway/pki/site-pki.ts';
import { findProfile, loadProfiles } from '../gateway/site/profiles.ts';
import { administrator, createSite, openSiteStore } from '../gateway/site/site.ts';
import type { Attack } from './attack.ts';

export const host = '127.0.0.1';
/** All of 127/8 is this machine: the attacker is another address than the ward. */
export const attackerAddress = '127.0.0.66';

const profile = 'generic-vital-signs-monitor';

/** Whose alarms are counted while somebody else attacks. */
export const bystanderId = 'monitor-1';
/** Whom the attack is about; nobody plays it. */
export const victimId = 'monitor-2';
/** Registered, with a certificate of its own, and in the attacker's hands. */
export const stolenId = 'monitor-9';

/** A throw-away site whose gateway does not run yet. */
export interface Site {
  readonly directory: string;
  readonly pki: SitePki;
  /** The administrator, whose one-time password nobody has used. */
  readonly user: string;
  readonly password: string;
  readonly hospital: FhirHospital;
  credentialsOf(device: string): Promise<Credentials>;
}

export interface SeenFinding {
  readonly threat: ThreatId;
  readonly detector: string;
  readonly about: string;
  /** When it was heard of, on the clock nobody sets. */
  readonly atMs: number;
}

/** The site with its gateway running, as an attack meets it. */
export interface Ward extends Site {
  readonly mqttPort: number;
  readonly httpsPort: number;
  readonly pid: number;
  /** PEM of the authority by which devices know the gateway. */
  readonly ca: string;
  /** Everything the gateway logged since it is ready. */
  readonly events: readonly Readonly<Record<string, unknown>>[];
  readonly findings: readonly SeenFinding[];
  /** Ends every wait of the attack. */
  readonly signal: AbortSignal;
  /** What the hospital has of a device, once it has all that came before this moment. */
  storedOf(device: string): Promise<readonly Stored[]>;
}

/** As much of a FHIR Observation as says whose, what and when. */
export interface Stored {
  readonly device?: { readonly identifier?: { readonly value?: string } };
  readonly code?: { readonly coding?: readonly { readonly code?: string }[] };
  readonly effectiveDateTime?: string;
  readonly valueQuantity?: { readonly value?: number };
}

export interface OpenWard {
  readonly ward: Ward;
  readonly bystander: Bed;
  /** Observations the hospital stored, by id: when they arrived. */
  readonly arrivals: ReadonlyMap<string, number>;
  close(): Promise<void>;
}

/** Makes a site in `directory`, starts a hospital, and the gateway between ward and hospital. */
export async function openWard(
  directory: string,
  { setUp, variables }: Pick<Attack, 'setUp' | 'variables'>,
  signal: AbortSignal,
): Promise<OpenWard> {
  const arrivals = new Map<string, number>();
  const { password } = await createSite({ directory, name: 'attacked', hosts: [host], now: now() });
  const bystander = await registerBeds(directory);
  const hospital = await startHospital(join(directory, 'hospital.pem'), now(), {
    record: (ids) => {
      for (const id of ids) arrivals.set(id, now());
    },
  });
  const pki = openSitePki(directory);
  const site: Site = {
    directory,
    pki,
    user: administrator,
    password,
    hospital,
    credentialsOf: (device) => credentialsOf(pki, device, now()),
  };
  let gateway: GatewayProcess | undefined;
  try {
    saveConfig(directory, { ...settingsOf(hospital), ...(await setUp?.(site)) });
    const ward = await startGateway(
      site,
      variables?.(site),
      signal,
      (started) => (gateway = started),
    );
    return {
      ward,
      bystander,
      arrivals,
      async close() {
        try {
          await gateway?.stop();
        } finally {
          await gateway?.kill();
          await hospital.close();
        }
      },
    };
  } catch (error) {
    await gateway?.kill();
    await hospital.close();
    throw error;
  }
}

async function registerBeds(directory: string): Promise<Bed> {
  const monitor = findProfile(await loadProfiles(directory), profile);
  const beds = [bystanderId, victimId, stolenId].map((id, index) => ({
    id: id as Bed['id'],
    profile: monitor,
    rateHz: 1,
    seed: index + 1,
  }));
  const { store } = openSiteStore(directory);
  registerWard(store, beds, now());
  store.close();
  const [bystander] = beds;
  if (!bystander) throw new RangeError('no bystander');
  return bystander;
}

function settingsOf(hospital: FhirHospital): GivenSettings {
  return {
    site: 'attacked',
    host,
    mqtt: { port: 0 },
    https: { port: 0 },
    relays: [{ id: 'hospital', use: 'fhir', url: hospital.url, ca: 'hospital.pem' }],
  };
}

async function startGateway(
  site: Site,
  variables: Readonly<Record<string, string>> | undefined,
  signal: AbortSignal,
  started: (process: GatewayProcess) => void,
): Promise<Ward> {
  const events: Readonly<Record<string, unknown>>[] = [];
  const findings: SeenFinding[] = [];
  const see = (event: Readonly<Record<string, unknown>>) => {
    events.push(event);
    if (event['event'] !== 'finding.new') return;
    const { threat, detector, about } = event as unknown as SeenFinding;
    findings.push({ threat, detector, about, atMs: performance.now() });
  };
  const gateway = await spawnGateway(site.directory, see, variables);
  started(gateway);
  const ready = events.find(({ event }) => event === 'gateway.ready');
  return {
    ...site,
    mqttPort: gateway.mqttPort,
    httpsPort: Number(ready?.['httpsPort']),
    pid: gateway.pid,
    ca: site.pki.rootPem,
    events,
    findings,
    signal,
    storedOf: (device) => storedOf(site, device),
  };
}

/** How long what was said may take to the hospital, on a machine that is busy. */
const deliveryMs = 15_000;

async function storedOf(site: Site, device: string): Promise<readonly Stored[]> {
  const key = createSecretKey(ensureSecret(site.directory, 'pseudonym-hospital.key'));
  const all = (id: string) => {
    const name = pseudonymOf('device', id, key);
    return [...site.hospital.stored.values()]
      .map(({ resource }) => resource as Stored)
      .filter((resource) => resource.device?.identifier?.value === name);
  };
  const asked = now();
  const isLater = ({ effectiveDateTime = '', valueQuantity }: Stored) =>
    valueQuantity !== undefined && Date.parse(effectiveDateTime) > asked;
  // The bystander goes on talking: what it says now comes behind what was said before.
  if (!(await eventually(() => all(bystanderId).some(isLater), deliveryMs)))
    throw new Error('the hospital heard nothing of the bystander any more');
  return all(device);
}

const pollMs = 20;

/** Waits until something is so; false when it was not within the time. */
export async function eventually(isSo: () => boolean, withinMs: number): Promise<boolean> {
  const deadline = performance.now() + withinMs;
  while (!isSo()) {
    if (performance.now() > deadline) return false;
    await delay(pollMs);
  }
  return true;
}

export function now(): Instant {
  return Date.now() as Instant;
}
