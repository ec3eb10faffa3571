import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Admission, startAdmission } from './admission.ts';
import { createEventHub, type EventHub } from './api/event-hub.ts';
import type { HttpsServer } from './api/https-server.ts';
import { type AuditClerk, startAuditClerk } from './audit-clerk.ts';
import { type AuditForwarder, startAuditForwarder } from './audit-forwarder.ts';
import { type Config, loadConfig, type RelaySettings, type SerialLine } from './config.ts';
import type { DeviceProfile } from './core/device-profile.ts';
import { GatewayError } from './core/error.ts';
import type { Log } from './core/event.ts';
import type { Instant } from './core/observation.ts';
import type { Protocol } from './core/protocol.ts';
import { type Forwarder, startForwarder } from './forwarder.ts';
import { openHttps } from './https-interface.ts';
import { endpointOf } from './line-endpoint.ts';
import { type Line, lineTiming, startLine } from './links/line.ts';
import { type LineServer, startLineServer } from './links/line-server.ts';
import { type MqttBroker, startMqttBroker } from './links/mqtt-broker.ts';
import { defaultMqttLimits } from './links/mqtt-limits.ts';
import { readSecretFile } from './pki/secrets.ts';
import type { SitePki } from './pki/site-pki.ts';
import { findProtocol, loadProtocols } from './policy.ts';
import { findProfile, loadProfiles } from './profiles.ts';
import { connectRelay } from './relay-settings.ts';
import { lockSite } from './store/database.ts';
import { createGatewayClock, type GatewayClock } from './time/gateway-clock.ts';
import { bootId } from './time/monotonic.ts';
import { readTimeService } from './time/time-service.ts';
import { startTrust, type Trust, tlsOf } from './trust.ts';
import { type WardWatch, watchWard } from './ward-watch.ts';

const hourMs = 3_600_000;
const dayMs = 24 * hourMs;

export interface GatewayOptions {
  /** The site directory. */
  readonly directory: string;
  readonly log: Log;
  readonly now: () => Instant;
  /** Milliseconds on the clock nobody sets. */
  readonly monotonicMs: () => number;
  /** A number in [0, 1). */
  readonly chance: () => number;
  /** A fault of ours: the process must end, so that whoever supervises it starts it anew. */
  readonly onFault: (error: unknown) => void;
}

export interface Gateway {
  readonly mqttPort: number;
  readonly httpsPort: number;
  /** Undefined where the settings name none. */
  readonly mllpPort: number | undefined;
  /** Stops taking, commits what was taken, and closes. */
  stop(): Promise<void>;
}

/**
 * The composition root: the one place that knows all parts. Resolves when everything listens.
 *
 * @throws GatewayError when the site is not fit to run.
 */
export async function startGateway(given: GatewayOptions): Promise<Gateway> {
  const hub = createEventHub();
  const options = { ...given, log: tellingLog(given, hub) };
  const config = loadConfig(options.directory);
  const lock = lockSite(options.directory);
  const running: Running = { lines: [], forwarders: [] };

  async function stop(): Promise<void> {
    clearInterval(running.expiry);
    running.clock?.close();
    running.trust?.close();
    await running.https?.close();
    await running.broker?.close();
    await running.lineServer?.close();
    await Promise.all(running.lines.map((line) => line.close()));
    await Promise.all(running.forwarders.map((forwarder) => forwarder.close()));
    await running.clerk?.close();
    await running.auditForwarder?.close();
    await running.admission?.close();
    lock.close();
  }

  try {
    const profiles = await loadProfiles(options.directory);
    const boot = bootId();
    const clock = createClock(boot, running, options);
    running.clock = clock;
    // The keeper thread loads meanwhile.
    const opening = openAdmission(config, profiles, running, { ...options, boot, clock });
    const [admission, protocols] = await Promise.all([opening, loadProtocols()]);
    running.admission = admission;
    await clock.start(await admission.call('newestTime'));
    const timed = { ...options, now: () => clock.now() };
    const trust = await startTrust({ ...timed, call: admission.call.bind(admission) });
    running.trust = trust;
    const watch = watchWard(admission.queue);
    await startParts(running, {
      ...{ config, profiles, protocols, trust, admission, watch, hub, clock, options: timed },
    });
    trust.onRenewed((pki) => renewParts(running, pki));
    trust.onRevoked(() => running.https?.end(({ certificate }) => isRevoked(trust, certificate)));
    return {
      mqttPort: running.broker?.port ?? 0,
      httpsPort: running.https?.port ?? 0,
      mllpPort: running.lineServer?.port,
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** Whoever follows over HTTPS is told what is logged. */
function tellingLog({ log, now }: GatewayOptions, hub: EventHub): Log {
  return (event, fields = {}) => {
    log(event, fields);
    hub.publish(event, fields, now());
  };
}

/** What has to be stopped, as far as it was started. */
interface Running {
  clock?: GatewayClock;
  admission?: Admission;
  clerk?: AuditClerk;
  trust?: Trust;
  auditForwarder?: AuditForwarder | undefined;
  broker?: MqttBroker;
  https?: HttpsServer;
  lineServer?: LineServer;
  expiry?: NodeJS.Timeout;
  readonly lines: Line[];
  readonly forwarders: Forwarder[];
}

/** What the parts are made of. */
interface Material {
  readonly config: Config;
  readonly profiles: ReadonlyMap<string, DeviceProfile>;
  readonly protocols: ReadonlyMap<string, Protocol>;
  readonly trust: Trust;
  readonly admission: Admission;
  /** What links say goes through it to the admission. */
  readonly watch: WardWatch;
  readonly hub: EventHub;
  readonly clock: GatewayClock;
  readonly options: GatewayOptions;
}

/** What sends comes first, what takes comes last: whoever may connect is heard. */
async function startParts(running: Running, material: Material): Promise<void> {
  const { config } = material;
  running.clerk = await startAuditClerk({ ...material, ...material.options });
  running.auditForwarder = openAuditForwarder(material);
  for (const settings of config.relays) {
    running.forwarders.push(await openForwarder(settings, material));
  }
  for (const settings of config.serial) {
    running.lines.push(await openLine(settings, material));
  }
  running.expiry = startExpiry(material);
  running.broker = await openBroker(material);
  if (config.mllp) running.lineServer = await openLineServer(config.mllp.port, material);
  running.https = await openHttps(material);
}

/** What was kept before the time was known is repaired by the keeper, once it is. */
function createClock(
  boot: string,
  running: Running,
  { now, monotonicMs, log, onFault }: GatewayOptions,
): GatewayClock {
  const clock = createGatewayClock({
    wall: now,
    monotonicMs,
    timeService: () => readTimeService(),
    async onTrusted(anchorMs) {
      try {
        await running.admission?.call('knowTime', boot, anchorMs, clock.now());
      } catch (error) {
        // The store is full or locked for now: a moment later it is told again.
        if (!(error instanceof GatewayError)) throw error;
        log('gateway.failed', { code: error.code, task: 'know-time' });
        return false;
      }
      for (const forwarder of running.forwarders) forwarder.wake();
      return true;
    },
    log,
    onFault,
  });
  return clock;
}

function openAdmission(
  config: Config,
  profiles: ReadonlyMap<string, DeviceProfile>,
  running: Running,
  {
    directory,
    log,
    onFault,
    boot,
    clock,
    monotonicMs,
  }: GatewayOptions & { readonly boot: string; readonly clock: GatewayClock },
): Promise<Admission> {
  return startAdmission({
    data: {
      directory,
      relays: config.relays.map(({ id }) => id),
      profiles,
      bytesMax: config.retention.bytesMax,
      boot,
    },
    stamp: () => ({ boot, monotonicMs: monotonicMs(), isTrusted: clock.isTrusted() }),
    commitPauseMs: config.store.commitPauseMs,
    log,
    onDepartures: () => running.forwarders.forEach((forwarder) => void forwarder.wake()),
    onFault,
  });
}

/** Once an hour, what was kept for a time goes. */
function startExpiry({ config, admission, clock, options }: Material): NodeJS.Timeout {
  const { now, log, onFault } = options;
  const expire = () => admission.call('expire', now() - config.retention.days * dayMs, now());
  const notExpired = (error: unknown) => {
    // The store is full or locked for now: the next hour will do.
    if (error instanceof GatewayError) log('gateway.failed', { code: error.code, task: 'expire' });
    else onFault(error);
  };
  // By a clock that nobody vouches for, nothing is too old.
  const expireIfKnown = () => {
    if (clock.isTrusted()) void expire().catch(notExpired);
  };
  return setInterval(expireIfKnown, hourMs);
}

function openBroker({
  config,
  profiles,
  trust,
  admission,
  watch,
  options,
}: Material): Promise<MqttBroker> {
  const { log, now } = options;
  const { port, connectionsMax, connectionsPerAddressMax } = config.mqtt;
  return startMqttBroker({
    host: config.host,
    port,
    tls: tlsOf(trust.pki),
    standing: trust.standing,
    limits: { ...defaultMqttLimits, connectionsMax, connectionsPerAddressMax },
    async device(id) {
      const device = await admission.call('device', id);
      return device && profiles.get(device.profile);
    },
    intake: watch.queue,
    isOverloaded: () => admission.isOverloaded(),
    onDrain: (listener) => admission.onDrain(listener),
    now,
    log,
  });
}

/** For the next handshakes; whoever is connected stays. */
function renewParts({ broker, lineServer, https }: Running, pki: SitePki): void {
  for (const part of [broker, lineServer, https]) part?.renew(tlsOf(pki));
}

function isRevoked({ standing }: Trust, certificate: string | undefined): boolean {
  return certificate !== undefined && standing.isRevoked(certificate);
}

function openLineServer(port: number, material: Material): Promise<LineServer> {
  const { config, profiles, protocols, trust, admission, watch, options } = material;
  const { log, now } = options;
  return startLineServer({
    host: config.host,
    port,
    tls: tlsOf(trust.pki),
    standing: trust.standing,
    limits: defaultMqttLimits,
    async device(id) {
      const device = await admission.call('device', id);
      const profile = device && profiles.get(device.profile);
      return profile && { profile, speaks: findProtocol(protocols, profile).speak !== undefined };
    },
    intake: watch.queue,
    now,
    log,
  });
}

/** Undefined where the settings name no log collector. */
function openAuditForwarder({ config, admission, options }: Material): AuditForwarder | undefined {
  const { syslog } = config.audit;
  if (!syslog) return undefined;
  const { host, port, ca, clientCertificate, clientKey } = syslog;
  const path = (name: string) => join(options.directory, name);
  return startAuditForwarder({
    ...options,
    site: config.site,
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
      unsent: (countMax) => admission.call('auditUnsent', countMax),
      sent: (position) => admission.call('auditSent', position),
    },
  });
}

async function openForwarder(
  settings: RelaySettings,
  { admission, options }: Material,
): Promise<Forwarder> {
  const { directory, log, now, chance, onFault } = options;
  const { batchMax, connect } = await connectRelay(settings);
  const connection = connect({
    readFile: (path) => readFileSync(join(directory, path)),
    readSecret: (path) => readSecretFile(join(directory, path)),
  });
  return startForwarder({
    relay: settings.id,
    batchMax,
    connection,
    outbox: {
      next: (relay, countMax) => admission.call('next', relay, countMax),
      delivered: (relay, names) => admission.call('delivered', relay, names),
      setAside: (relay, name, cause, at) => admission.call('setAside', relay, name, cause, at),
    },
    log,
    now,
    chance,
    onFault,
  });
}

async function openLine(
  settings: SerialLine,
  { profiles, protocols, admission, watch, options }: Material,
): Promise<Line> {
  const { log, now, chance } = options;
  const device = await admission.call('device', settings.device);
  if (!device) {
    throw new GatewayError('device-unknown', `serial: ${settings.device} is not registered`);
  }
  const profile = findProfile(profiles, device.profile);
  const protocol = findProtocol(protocols, profile);
  return startLine({
    device: settings.device,
    endpoint: endpointOf(settings, profile, protocol),
    speaks: protocol.speak !== undefined,
    timing: lineTiming(profile),
    intake: watch.queue,
    now,
    log,
    chance,
  });
}
