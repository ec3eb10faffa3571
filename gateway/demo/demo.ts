import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { type GivenSettings, saveConfig } from '../config.ts';
import type { Finding } from '../core/finding.ts';
import type { Instant } from '../core/observation.ts';
import { openSitePki } from '../pki/site-pki.ts';
import { hasCables, layPseudoTerminal, type SerialCable } from '../players/serial-cable.ts';
import { loadProfiles } from '../site/profiles.ts';
import { createSite, openSiteStore } from '../site/site.ts';
import { attack } from './attack.ts';
import { chaos } from './chaos.ts';
import { type GatewayProcess, spawnGateway } from './gateway-process.ts';
import { type Destination, startDestinations } from './hospital.ts';
import { type Ledger, openLedger, type Reconciliation } from './ledger.ts';
import { playBed, playBedLine, type Stage } from './players.ts';
import { type DemoRama, rateWard } from './rating.ts';
import { type Bed, credentialsOf, registerWard, stolenFrom, wardOf } from './ward.ts';

export interface DemoOptions {
  /** Ends this long after the gateway was ready; until aborted when left out. */
  readonly seconds?: number | undefined;
  /** The hospital fails in every way it can, one after the other. */
  readonly chaos: boolean;
  readonly signal: AbortSignal;
  readonly remark: (line: string) => void;
}

/** `delivered` is what every destination has; what one of them lacks or doubles counts. */
export interface DemoSummary extends Reconciliation {
  /** Observations the FHIR server has, also of lines that are promised nothing. */
  readonly stored: number;
  readonly destinations: readonly (Reconciliation & {
    readonly relay: string;
    readonly stored: number;
  })[];
  readonly devices: number;
  /** The security score of the ward, and of its devices. */
  readonly rama: DemoRama;
  readonly findings: readonly Pick<Finding, 'threat' | 'detector' | 'about' | 'severity'>[];
}

const host = '127.0.0.1';
/** The attack comes when the ward is in full swing. */
const attackAfterMs = 3_000;
const drainTimeoutMs = 30_000;
const drainPollMs = 100;

/** A throw-away site, a simulated ward, a simulated hospital and one attack, for everybody to see. */
export async function runDemo(options: DemoOptions): Promise<DemoSummary> {
  const directory = mkdtempSync(join(tmpdir(), 'wardgate-demo-'));
  const stop = new AbortController();
  const stage: Stage = { directory, signal: AbortSignal.any([options.signal, stop.signal]), now };
  const cables: SerialCable[] = [];
  let hospital: readonly Destination[] = [];
  try {
    const { beds, stolen } = await makeSite(directory);
    hospital = await startDestinations(join(directory, 'hospital.pem'), now());
    const lines = await layCables(beds, stage, cables);
    writeSettings(directory, hospital, lines);
    return await play({ beds, stolen, hospital }, stage, options, () => stop.abort());
  } finally {
    stop.abort();
    await Promise.all(cables.map((cable) => cable.unplug()));
    await Promise.all(hospital.map((destination) => destination.close()));
    rmSync(directory, { recursive: true, force: true });
  }
}

async function makeSite(directory: string): Promise<Omit<Ward, 'hospital'>> {
  await createSite({ directory, name: 'demo', hosts: [host, 'localhost'], now: now() });
  const profiles = await loadProfiles(directory);
  const beds = wardOf(profiles);
  const stolen = stolenFrom(profiles);
  const { store } = openSiteStore(directory);
  registerWard(store, [...beds, stolen], now());
  store.close();
  return { beds, stolen };
}

/** Serial devices play on TCP; where socat is, a pseudo-terminal stands between. */
async function layCables(beds: readonly Bed[], stage: Stage, cables: SerialCable[]) {
  const lines: NonNullable<GivenSettings['serial']> = [];
  for (const bed of beds.filter(({ profile }) => profile.link.kind === 'line')) {
    const port = await playBedLine(bed, stage);
    if (hasCables()) {
      const cable = await layPseudoTerminal(join(stage.directory, `tty-${bed.id}`), port);
      cables.push(cable);
      lines.push({ device: bed.id, path: cable.path });
    } else lines.push({ device: bed.id, tcp: `${host}:${port}` });
  }
  return lines;
}

function writeSettings(
  directory: string,
  hospital: readonly Destination[],
  serial: GivenSettings['serial'],
): void {
  saveConfig(directory, {
    site: 'demo',
    host,
    mqtt: { port: 0 },
    https: { port: 0 },
    serial,
    relays: hospital.map(({ settings }) => settings),
  });
}

interface Ward {
  readonly beds: readonly Bed[];
  readonly stolen: Bed;
  readonly hospital: readonly Destination[];
}

async function play(
  ward: Ward,
  stage: Stage,
  options: DemoOptions,
  end: () => void,
): Promise<DemoSummary> {
  const gateway = await spawnGateway(stage.directory, tell(options.remark));
  const { seconds } = options;
  if (seconds !== undefined) setTimeout(end, seconds * 1_000).unref();
  try {
    return await playAgainst(gateway, ward, stage, options);
  } finally {
    // It was stopped, unless something failed: even then nothing stays behind.
    await gateway.kill();
  }
}

async function playAgainst(
  gateway: GatewayProcess,
  { beds, stolen, hospital }: Ward,
  stage: Stage,
  options: DemoOptions,
): Promise<DemoSummary> {
  const { remark } = options;
  const address = { host, port: gateway.mqttPort };
  remark(`The gateway takes MQTT over TLS on ${host}:${gateway.mqttPort}.`);
  for (const { address: where } of hospital) remark(`The hospital takes ${where}.`);

  const ledgers = new Map(hospital.map((destination) => [destination.relay, openLedger()]));
  const pki = openSitePki(stage.directory);
  const byMqtt = beds.filter(({ profile }) => profile.link.kind === 'mqtt');
  const wards = byMqtt.map(async (bed) => {
    const tls = await credentialsOf(pki, bed.id, now());
    return playBed(bed, tls, address, stage, ledgers);
  });
  await pause(attackAfterMs, stage.signal);
  const [victim] = byMqtt;
  if (victim) {
    remark(`${stolen.id} is stolen: it claims to be ${victim.id}.`);
    const tls = await credentialsOf(pki, stolen.id, now());
    await attack({ ...address, signal: options.signal, now }, stolen, tls, victim);
  }
  if (options.chaos) {
    await chaos(hospital, stage.signal, (fault, relay) =>
      remark(`The hospital fails: ${fault} (${relay}).`),
    );
  }
  await Promise.all(wards);
  await drain(stage.directory);
  await gateway.stop();
  const ids = beds.map(({ id }) => id);
  const rama = await rateWard(stage.directory, ids, now());
  return { ...summarise(beds, hospital, ledgers, stage.directory), rama };
}

/** Shows what matters of the gateway’s own log. */
function tell(remark: (line: string) => void) {
  return (event: Readonly<Record<string, unknown>>) => {
    if (event['event'] === 'finding.new') {
      remark(`Found ${event['threat']} (${event['detector']}) about ${event['about']}.`);
    }
    if (event['event'] === 'relay.down') remark(`Relay ${event['relay']} down: ${event['cause']}.`);
    if (event['event'] === 'relay.up') remark(`Relay ${event['relay']} up again.`);
  };
}

async function drain(directory: string): Promise<void> {
  const { store } = openSiteStore(directory);
  const deadline = performance.now() + drainTimeoutMs;
  const isOwed = () => store.outbox.depths().some(({ entries }) => entries > 0);
  while (isOwed() && performance.now() < deadline) await delay(drainPollMs);
  store.close();
}

function summarise(
  beds: readonly Bed[],
  hospital: readonly Destination[],
  ledgers: ReadonlyMap<string, Ledger>,
  directory: string,
): Omit<DemoSummary, 'rama'> {
  const { store } = openSiteStore(directory);
  const findings = store.journal.findings();
  store.close();
  const destinations = hospital.map(({ relay, stored, counts }) => {
    const ledger = ledgers.get(relay) ?? openLedger();
    return { relay, stored: counts.stored, ...ledger.reconcile(stored) };
  });
  const sum = (key: 'lost' | 'duplicates') =>
    destinations.reduce((total, destination) => total + destination[key], 0);
  return {
    acknowledged: Math.max(...destinations.map(({ acknowledged }) => acknowledged)),
    delivered: Math.min(...destinations.map(({ delivered }) => delivered)),
    lost: sum('lost'),
    duplicates: sum('duplicates'),
    stored: destinations[0]?.stored ?? 0,
    destinations,
    devices: beds.length,
    findings: findings.map(({ threat, detector, about, severity }) => ({
      threat,
      detector,
      about,
      severity,
    })),
  };
}

async function pause(durationMs: number, signal: AbortSignal): Promise<void> {
  await delay(durationMs, undefined, { signal }).catch(() => undefined);
}

function now(): Instant {
  return Date.now() as Instant;
}
