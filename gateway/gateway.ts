import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Admission, startAdmission } from './admission.ts';
import { type HttpsServer, startHttpsServer } from './api/https-server.ts';
import { type Config, loadConfig, type RelaySettings, type SerialLine } from './config.ts';
import type { DeviceProfile } from './core/device-profile.ts';
import { GatewayError } from './core/error.ts';
import type { Log } from './core/event.ts';
import type { Instant } from './core/observation.ts';
import { type Forwarder, startForwarder } from './forwarder.ts';
import { type Line, type LineEndpoint, lineTiming, startLine } from './links/line.ts';
import { type MqttBroker, startMqttBroker } from './links/mqtt-broker.ts';
import { defaultMqttLimits } from './links/mqtt-limits.ts';
import { readSecretFile } from './pki/secrets.ts';
import { openSitePki, type SitePki } from './pki/site-pki.ts';
import { findProtocol, loadProtocols } from './policy.ts';
import { loadProfiles } from './profiles.ts';
import { connectRelay } from './relay-settings.ts';
import { lockSite } from './store/database.ts';

const hourMs = 3_600_000;
const dayMs = 24 * hourMs;

export interface GatewayOptions {
  /** The site directory. */
  readonly directory: string;
  readonly log: Log;
  readonly now: () => Instant;
  /** A number in [0, 1). */
  readonly chance: () => number;
  /** A fault of ours: the process must end, so that whoever supervises it starts it anew. */
  readonly onFault: (error: unknown) => void;
}

export interface Gateway {
  readonly mqttPort: number;
  readonly httpsPort: number;
  /** Stops taking, commits what was taken, and closes. */
  stop(): Promise<void>;
}

/**
 * The composition root: the one place that knows all parts. Resolves when everything listens.
 *
 * @throws GatewayError when the site is not fit to run.
 */
export async function startGateway(options: GatewayOptions): Promise<Gateway> {
  const { directory, log, now, onFault } = options;
  const config = loadConfig(directory);
  const lock = lockSite(directory);
  const running: Running = { lines: [], forwarders: [] };

  async function stop(): Promise<void> {
    clearInterval(running.expiry);
    await running.https?.close();
    await running.broker?.close();
    await Promise.all(running.lines.map((line) => line.close()));
    await Promise.all(running.forwarders.map((forwarder) => forwarder.close()));
    await running.admission?.close();
    lock.close();
  }

  try {
    const profiles = await loadProfiles(directory);
    const admission = await startAdmission({
      data: {
        directory,
        relays: config.relays.map(({ id }) => id),
        profiles,
        bytesMax: config.retention.bytesMax,
      },
      commitPauseMs: config.store.commitPauseMs,
      log,
      onDepartures: () => running.forwarders.forEach((forwarder) => void forwarder.wake()),
      onFault,
    });
    running.admission = admission;
    for (const settings of config.relays) {
      running.forwarders.push(await openForwarder(settings, admission, options));
    }
    for (const settings of config.serial) {
      const profile = await lineProfile(settings, admission, profiles);
      running.lines.push(await openLine(settings, profile, admission, options));
    }
    const pki = openSitePki(directory);
    running.broker = await openBroker(config, admission, profiles, pki, options);
    running.https = await startHttpsServer({
      host: config.host,
      port: config.https.port,
      tls: pki.server,
      isReady: () => admission.isKeeping(),
    });
    const expire = () => admission.call('expire', now() - config.retention.days * dayMs, now());
    const notExpired = (error: unknown) => {
      // The store is full or locked for now: the next hour will do.
      if (error instanceof GatewayError)
        log('gateway.failed', { code: error.code, task: 'expire' });
      else onFault(error);
    };
    running.expiry = setInterval(() => void expire().catch(notExpired), hourMs);
    return { mqttPort: running.broker.port, httpsPort: running.https.port, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** What has to be stopped, as far as it was started. */
interface Running {
  admission?: Admission;
  broker?: MqttBroker;
  https?: HttpsServer;
  expiry?: NodeJS.Timeout;
  readonly lines: Line[];
  readonly forwarders: Forwarder[];
}

function openBroker(
  config: Config,
  admission: Admission,
  profiles: ReadonlyMap<string, DeviceProfile>,
  pki: SitePki,
  { log, now }: GatewayOptions,
): Promise<MqttBroker> {
  const { port, connectionsMax, connectionsPerAddressMax } = config.mqtt;
  return startMqttBroker({
    host: config.host,
    port,
    tls: { ...pki.server, ca: pki.trust },
    limits: { ...defaultMqttLimits, connectionsMax, connectionsPerAddressMax },
    async device(id) {
      const device = await admission.call('device', id);
      return device && profiles.get(device.profile);
    },
    intake: admission.queue,
    isOverloaded: () => admission.isOverloaded(),
    onDrain: (listener) => admission.onDrain(listener),
    now,
    log,
  });
}

async function openForwarder(
  settings: RelaySettings,
  admission: Admission,
  { directory, log, now, chance, onFault }: GatewayOptions,
): Promise<Forwarder> {
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

async function lineProfile(
  { device: id }: SerialLine,
  admission: Admission,
  profiles: ReadonlyMap<string, DeviceProfile>,
): Promise<DeviceProfile> {
  const device = await admission.call('device', id);
  if (!device) throw new GatewayError('device-unknown', `serial: ${id} is not registered`);
  const profile = profiles.get(device.profile);
  if (profile?.link.kind === 'line') return profile;
  throw new GatewayError('config-invalid', `serial: ${id} (${device.profile}) speaks MQTT`);
}

async function openLine(
  settings: SerialLine,
  profile: DeviceProfile,
  admission: Admission,
  { log, now, chance }: GatewayOptions,
): Promise<Line> {
  if (profile.link.kind !== 'line') throw new RangeError(`${profile.id} is no line device`);
  return startLine({
    device: settings.device,
    settings: profile.link,
    endpoint: endpointOf(settings),
    speaks: findProtocol(await loadProtocols(), profile).speak !== undefined,
    timing: lineTiming(profile),
    intake: admission.queue,
    now,
    log,
    chance,
  });
}

function endpointOf(settings: SerialLine): LineEndpoint {
  if ('path' in settings) return { path: settings.path };
  const colon = settings.tcp.lastIndexOf(':');
  return { host: settings.tcp.slice(0, colon), port: Number(settings.tcp.slice(colon + 1)) };
}
