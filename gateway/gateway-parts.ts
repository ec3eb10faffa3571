import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { answers } from './answers.ts';
import type { EventHub } from './api/event-hub.ts';
import type { HttpsServer } from './api/https-server.ts';
import type { Config, RelaySettings, SerialLine } from './config.ts';
import type { DeviceId } from './core/device.ts';
import { GatewayError } from './core/error.ts';
import type { Log } from './core/event.ts';
import type { Instant } from './core/observation.ts';
import type { Protocol } from './core/protocol.ts';
import { tlsFaultOf } from './core/tls-fault.ts';
import { type Forwarder, startForwarder } from './delivery/forwarder.ts';
import { destinationOf } from './delivery/relay-settings.ts';
import { openHttps } from './https-interface.ts';
import type { Admission } from './keeper/admission.ts';
import type { KeeperSettings } from './keeper/keeper-thread.ts';
import { endpointOf } from './line-endpoint.ts';
import { type Line, lineTiming, startLine } from './links/line.ts';
import { type LineServer, startLineServer } from './links/line-server.ts';
import { type MqttBroker, startMqttBroker } from './links/mqtt-broker.ts';
import { defaultMqttLimits } from './links/mqtt-limits.ts';
import type { PartPlan, Stages } from './parts.ts';
import { readSecretFile } from './pki/secrets.ts';
import { findProtocol } from './policy-maker.ts';
import { findProfile } from './site/profiles.ts';
import type { SiteSettings } from './site/site-settings.ts';
import { startAuditClerk } from './trail/audit-clerk.ts';
import { type AuditForwarder, startAuditForwarder } from './trail/audit-forwarder.ts';
import { type Trust, tlsOf } from './trust/trust.ts';
import type { WardWatch } from './ward/ward-watch.ts';

/** The parts that others must reach while they run. */
export interface OpenParts {
  broker?: MqttBroker;
  lineServer?: LineServer | undefined;
  https?: HttpsServer;
  readonly forwarders: Map<string, Forwarder>;
}

/** What the parts are made of. */
export interface Material {
  /** As they are now. */
  readonly site: () => SiteSettings;
  readonly protocols: ReadonlyMap<string, Protocol>;
  readonly trust: Trust;
  readonly admission: Admission;
  /** The time by which things grow old. */
  readonly aged: () => Promise<number>;
  /** What links say goes through it to the admission. */
  readonly watch: WardWatch;
  readonly hub: EventHub;
  readonly options: {
    /** The site directory. */
    readonly directory: string;
    readonly log: Log;
    readonly now: () => Instant;
    readonly monotonicMs: () => number;
    readonly chance: () => number;
    readonly onFault: (error: unknown) => void;
  };
}

/**
 * Every part that depends on settings: what it depends on, and how it starts. What sends comes
 * first, what takes comes last: whoever may connect is heard.
 */
export async function plansOf(
  settings: SiteSettings,
  denied: ReadonlySet<DeviceId>,
  open: OpenParts,
  material: Material,
): Promise<Stages> {
  const { config, profiles } = settings;
  const { host, site, mqtt, mllp, https, audit } = config;
  const lines = config.serial.filter(({ device }) => !denied.has(device));
  return [
    audit.syslog ? [collectorPlan(site, audit.syslog, material)] : [],
    // Ends before the collector, which is still told that the gateway stops.
    [
      {
        key: 'audit',
        settings: '',
        start: () => startAuditClerk({ ...material, ...material.options }),
      },
    ],
    config.relays.map((relay) => relayPlan(relay, open, material)),
    await Promise.all(lines.map((line) => linePlan(line, profiles, material))),
    [
      {
        key: 'mqtt',
        settings: { host, ...mqtt },
        start: async () => (open.broker = await openBroker(config, material)),
        adopt: async () => open.broker?.adopt({ host, port: mqtt.port }, mqtt),
      },
    ],
    mllp ? [lineServerPlan({ host, port: mllp.port }, open, material)] : [],
    [
      {
        key: 'https',
        settings: { host, site, ...https },
        start: async () => (open.https = await openHttps({ ...material, config })),
      },
    ],
    [await admissionPlan(settings, material)],
  ];
}

/** It started first of all, by these settings; here is how it takes others. */
async function admissionPlan(
  site: SiteSettings,
  { admission, options }: Material,
): Promise<PartPlan> {
  const settings = await keeperSettingsOf(site, options.directory);
  const { commitPauseMs } = site.config.store;
  return {
    key: 'admission',
    settings: { ...settings, profiles: [...site.profiles], commitPauseMs },
    start: async () => ({ close: async () => {} }),
    adopt: () => admission.configure(settings, commitPauseMs),
  };
}

export async function keeperSettingsOf(
  { config, profiles }: SiteSettings,
  directory: string,
): Promise<KeeperSettings> {
  const destinations = await Promise.all(config.relays.map(destinationOf));
  const relays = destinations.map(({ id, lanes }) => ({ id, lanes }));
  const { retention: budget, responses, serial } = config;
  return { directory, relays, profiles, budget, responses, serial };
}

function collectorPlan(
  site: string,
  syslog: NonNullable<Config['audit']['syslog']>,
  material: Material,
): PartPlan {
  const start = async () => openAuditForwarder(site, syslog, material);
  const files = changeTimes(syslog, material.options.directory);
  return { key: 'audit.syslog', settings: { site, ...syslog, files }, start };
}

function relayPlan(settings: RelaySettings, { forwarders }: OpenParts, material: Material) {
  const { id } = settings;
  const start = async () => {
    const forwarder = await openForwarder(settings, material);
    forwarders.set(id, forwarder);
    const close = async () => {
      forwarders.delete(id);
      await forwarder.close();
    };
    return { close };
  };
  const files = changeTimes(settings, material.options.directory);
  return { key: `relays.${id}`, settings: { ...settings, files }, start };
}

/** When the files that settings name were changed last: a certificate is replaced under its name. */
function changeTimes(settings: Readonly<Record<string, unknown>>, directory: string) {
  return Object.values(settings).map((value) => {
    if (typeof value !== 'string') return undefined;
    return statSync(join(directory, value), { throwIfNoEntry: false })?.mtimeMs;
  });
}

async function linePlan(
  line: SerialLine,
  profiles: SiteSettings['profiles'],
  material: Material,
): Promise<PartPlan> {
  const device = await material.admission.call('device', line.device);
  const profile = device && profiles.get(device.profile);
  const start = () => openLine(line, profiles, material);
  return { key: `serial.${line.device}`, settings: { line, profile }, start };
}

function lineServerPlan(
  place: { readonly host: string; readonly port: number },
  open: OpenParts,
  material: Material,
): PartPlan {
  const start = async () => {
    const server = await openLineServer(place, material);
    open.lineServer = server;
    const close = async () => {
      open.lineServer = undefined;
      await server.close();
    };
    return { close };
  };
  return { key: 'mllp', settings: place, start, adopt: async () => open.lineServer?.move(place) };
}

function openBroker(
  config: Config,
  { site, trust, admission, watch, options }: Material,
): Promise<MqttBroker> {
  const { log, now } = options;
  const { port, connectionsMax, connectionsPerAddressMax } = config.mqtt;
  return startMqttBroker({
    host: config.host,
    port,
    tls: tlsOf(trust.pki),
    standing: trust.standing,
    limits: { ...defaultMqttLimits, connectionsMax, connectionsPerAddressMax },
    async device(id) {
      if (await admission.call('isDenied', id)) return 'quarantined';
      const device = await admission.call('device', id);
      return device && site().profiles.get(device.profile);
    },
    intake: watch.queue,
    isOverloaded: () => admission.isOverloaded(),
    onDrain: (listener) => admission.onDrain(listener),
    onConsumers(areThere) {
      // Without the keeper there is nothing to feed, and its end is reported by itself.
      admission.call('feed', areThere).catch(() => undefined);
    },
    now,
    log,
  });
}

function openLineServer(
  place: { readonly host: string; readonly port: number },
  { site, protocols, trust, admission, watch, options }: Material,
): Promise<LineServer> {
  const { log, now } = options;
  return startLineServer({
    ...place,
    tls: tlsOf(trust.pki),
    standing: trust.standing,
    limits: defaultMqttLimits,
    async device(id) {
      if (await admission.call('isDenied', id)) return 'quarantined';
      const device = await admission.call('device', id);
      const profile = device && site().profiles.get(device.profile);
      return profile && { profile, speaks: findProtocol(protocols, profile).speak !== undefined };
    },
    intake: watch.queue,
    now,
    log,
  });
}

function openAuditForwarder(
  site: string,
  syslog: NonNullable<Config['audit']['syslog']>,
  { admission, options }: Material,
): AuditForwarder {
  const { host, port, ca, clientCertificate, clientKey, findings: withFindings } = syslog;
  const path = (name: string) => join(options.directory, name);
  return startAuditForwarder({
    ...options,
    site,
    withFindings,
    collector: {
      host,
      port,
      ...(ca !== undefined && { ca: readFileSync(path(ca)) }),
      ...(clientCertificate !== undefined && {
        certificate: readFileSync(path(clientCertificate)),
      }),
      ...(clientKey !== undefined && { key: readSecretFile(path(clientKey)) }),
    },
    trail: {
      unsent: (countMax, findings) => admission.call('auditUnsent', countMax, findings),
      sent: (position) => admission.call('auditSent', position),
    },
  });
}

async function openForwarder(
  settings: RelaySettings,
  { admission, options }: Material,
): Promise<Forwarder> {
  const { directory, log, now, monotonicMs, chance, onFault } = options;
  const { batchMax, backlogPerSecondMax, connect } = await destinationOf(settings);
  return startForwarder({
    relay: settings.id,
    batchMax,
    backlogPerSecondMax,
    connect: (channel) =>
      connect({
        channel,
        now,
        readFile: (path) => readFileSync(join(directory, path)),
        readSecret: (path) => readSecretFile(join(directory, path)),
        describe: (pseudonym) => admission.call('describe', settings.id, pseudonym),
      }),
    outbox: {
      next: (relay, portion) => admission.call('next', relay, portion),
      delivered: (relay, names) => admission.call('delivered', relay, names),
      setAside: (relay, name, cause, at) => admission.call('setAside', relay, name, cause, at),
    },
    log,
    now,
    monotonicMs,
    chance,
    // Nothing was sent: it waits until the right one answers.
    onDown(cause) {
      const fault = tlsFaultOf(cause);
      if (fault !== 'distrusted' && fault !== 'weak') return;
      const signal = { kind: 'destination-distrusted', relay: settings.id, cause } as const;
      admission.queue.signal({ ...signal, at: now() });
    },
    onFault,
  });
}

async function openLine(
  settings: SerialLine,
  profiles: SiteSettings['profiles'],
  material: Material,
): Promise<Line> {
  const { watch, options } = material;
  const { log, now, chance } = options;
  const { profile, protocol, endpoint } = await lineOf(settings, profiles, material);
  return startLine({
    device: settings.device,
    endpoint,
    speaks: protocol.speak !== undefined,
    timing: lineTiming(profile),
    intake: watch.queue,
    now,
    log,
    chance,
  });
}

/** @throws GatewayError `device-unknown`, `profile-unknown`, `config-invalid`. */
async function lineOf(
  settings: SerialLine,
  profiles: SiteSettings['profiles'],
  { protocols, admission }: Material,
) {
  const device = await admission.call('device', settings.device);
  if (!device) {
    throw new GatewayError('device-unknown', `serial: ${settings.device} is not registered`);
  }
  const profile = findProfile(profiles, device.profile);
  const protocol = findProtocol(protocols, profile);
  return { profile, protocol, endpoint: endpointOf(settings, profile, protocol) };
}

/**
 * What can be known of settings before anything is changed by them.
 *
 * @throws GatewayError `device-unknown`, `profile-unknown`, `config-invalid`.
 */
export async function requireSound(
  { config, profiles }: SiteSettings,
  material: Material,
): Promise<void> {
  for (const relay of config.relays) await destinationOf(relay);
  for (const line of config.serial) await lineOf(line, profiles, material);
}

/**
 * Whether the parts that listen are there for whoever comes, and the keeper keeps. A hospital that is
 * down, or a device that is unplugged, is no fault of the settings.
 *
 * @throws GatewayError `part-unhealthy`.
 */
export async function requireHealth(
  { config }: SiteSettings,
  { broker, lineServer, https }: OpenParts,
  admission: Admission,
): Promise<void> {
  const host = config.host === '0.0.0.0' ? '127.0.0.1' : config.host;
  const ports = { mqtt: broker?.port, mllp: lineServer?.port, https: https?.port };
  for (const [part, port] of Object.entries(ports)) {
    if (port !== undefined && !(await answers(host, port))) {
      throw new GatewayError('part-unhealthy', `${part} does not answer on port ${port}`);
    }
  }
  if (!admission.isKeeping()) throw new GatewayError('part-unhealthy', 'nothing is kept');
}
