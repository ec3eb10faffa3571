import { createEventHub, type EventHub } from './api/event-hub.ts';
import { readSettings } from './config.ts';
import { GatewayError } from './core/error.ts';
import type { Log } from './core/event.ts';
import type { Instant } from './core/observation.ts';
import { feedConsumers, tellConsumers } from './delivery/consumer-feed.ts';
import { watchExploited } from './exposure/exploited-watch.ts';
import {
  keeperSettingsOf,
  type Material,
  type OpenParts,
  plansOf,
  requireHealth,
  requireSound,
} from './gateway-parts.ts';
import { type Admission, startAdmission } from './keeper/admission.ts';
import { type ModelWatch, watchModels } from './modelling/model-watch.ts';
import { createParts } from './parts.ts';
import type { SitePki } from './pki/site-pki.ts';
import { loadProtocols } from './policy-maker.ts';
import { type Reloading, startReloading } from './reload.ts';
import { type RamaWatch, watchRama } from './scoring/rama-watch.ts';
import { type HostWatch, watchHost } from './site/host-watch.ts';
import { keepLastGood, lastGoodFor, putBack } from './site/settings-files.ts';
import { type LoadedSite, loadSite, type SiteSettings } from './site/site-settings.ts';
import { lockSite } from './store/database.ts';
import { createGatewayClock, type GatewayClock } from './time/gateway-clock.ts';
import { bootId } from './time/monotonic.ts';
import { readTimeService } from './time/time-service.ts';
import { startTrust, type Trust, tlsOf } from './trust/trust.ts';
import { watchAlerts } from './ward/alert-watch.ts';
import { type QuarantineWatch, watchQuarantines } from './ward/quarantine-watch.ts';
import { type WardWatch, watchWard } from './ward/ward-watch.ts';

const tickMs = 1_000;
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
  /** Its own process, which is watched. Left out where it is a part of another program. */
  readonly pid?: number;
  /** A fault of ours: the process must end, so that whoever supervises it starts it anew. */
  readonly onFault: (error: unknown) => void;
}

export interface Gateway {
  readonly mqttPort: number;
  readonly httpsPort: number;
  /** Undefined where the settings name none. */
  readonly mllpPort: number | undefined;
  /** Has the settings read anew, soon; what became of it is logged. */
  askReload(actor: string, at: Instant): Promise<void>;
  /** Stops taking, commits what was taken, and closes. */
  stop(): Promise<void>;
}

/**
 * The composition root. Resolves when everything listens. Settings that a reload tried, and that do
 * not start now, give way to those of before: the power may have failed in the middle of it.
 *
 * @throws GatewayError when the site is not fit to run.
 */
export async function startGateway(options: GatewayOptions): Promise<Gateway> {
  const text = readSettings(options.directory);
  // Whoever does not hold it changes nothing here, the files neither.
  const lock = lockSite(options.directory);
  try {
    const gateway = await startOrGoBack(text, options);
    return {
      ...gateway,
      async stop() {
        await gateway.stop();
        lock.close();
      },
    };
  } catch (error) {
    lock.close();
    throw error;
  }
}

async function startOrGoBack(text: string, options: GatewayOptions): Promise<Gateway> {
  const { directory, log } = options;
  try {
    return await startWith(text, options);
  } catch (error) {
    const lastGood = lastGoodFor(directory, text);
    if (!(error instanceof GatewayError) || lastGood === undefined) throw error;
    putBack(directory, lastGood);
    log('settings.reverted', { code: error.code });
    return startWith(lastGood, options);
  }
}

async function startWith(text: string, given: GatewayOptions): Promise<Gateway> {
  const hub = createEventHub();
  const options = { ...given, log: tellingLog(given, hub) };
  const { directory } = options;
  let site = await loadSite(directory, text);
  const parts = createParts();
  const running: Running = { open: { forwarders: new Map() } };

  async function stop(): Promise<void> {
    await running.reloading?.close();
    const followers = [
      running.quarantines,
      running.clock,
      running.trust,
      running.host,
      running.exploited,
      running.alerts,
    ];
    for (const follower of followers) follower?.close();
    clearInterval(running.expiry);
    clearInterval(running.ticking);
    await running.models?.close();
    await running.rama?.close();
    await parts.close();
    await running.admission?.close();
  }

  try {
    const material = await openMaterial(() => site, hub, running, options);
    const quarantines = await watchQuarantines({ ...material, ...material.options });
    running.quarantines = quarantines;
    const { open } = running;
    const apply = () => parts.apply(() => plansOf(site, quarantines.denied, open, material));
    const use = (next: LoadedSite) => {
      site = next;
      return apply();
    };
    await apply();
    running.expiry = startExpiry(material);
    running.ticking = startTicking(material);
    running.models = watchModels({ ...material, ...material.options });
    running.exploited = watchExploited({
      ...material.options,
      call: material.call,
      queue: material.watch.queue,
    });
    running.alerts = watchAlerts({
      ...material.options,
      call: material.call,
      queue: material.watch.queue,
    });
    running.host = await followHost(running, material, options);
    running.rama = watchRama({ ...material, ...material.options });
    followQuarantines(quarantines, running, apply);
    followTrust(material.trust, open);
    keepLastGood(directory, text);
    running.reloading = followReloads(() => site, use, running, material);
    return gatewayOf(running, stop);
  } catch (error) {
    await stop();
    throw error;
  }
}

/** What all parts are made of; nothing of it listens yet. */
async function openMaterial(
  site: () => SiteSettings,
  hub: EventHub,
  running: Running,
  options: GatewayOptions,
): Promise<Material & { readonly call: Admission['call'] }> {
  const boot = bootId();
  const clock = createClock(boot, running, options);
  running.clock = clock;
  // The keeper thread loads meanwhile.
  const opening = openAdmission(site(), running, { ...options, boot, clock });
  const [admission, protocols] = await Promise.all([opening, loadProtocols()]);
  running.admission = admission;
  await clock.start(await admission.call('newestTime'));
  const timed = { ...options, now: () => clock.now() };
  const call = admission.call.bind(admission);
  const trust = await startTrust({ ...timed, call });
  running.trust = trust;
  const watch = watchWard(admission.queue);
  running.watch = watch;
  // By a clock that is not known to be right, nothing is old.
  const aged = async () =>
    clock.isTrusted() ? call('age', { now: clock.now(), isVouched: clock.isVouched() }) : 0;
  await aged();
  return {
    ...{ protocols, trust, admission, call, watch, hub, aged },
    site,
    options: timed,
  };
}

/** Whoever is denied is cut off at each look, so that nobody slips in between two of them. */
function followQuarantines(
  quarantines: QuarantineWatch,
  { open, host }: Running,
  apply: () => Promise<unknown>,
): void {
  let applied = '';
  quarantines.follow(async () => {
    open.broker?.block(quarantines.blocked);
    open.lineServer?.block(quarantines.blocked);
    host?.block(quarantines.blocked);
    for (const device of quarantines.denied) {
      open.broker?.disconnect(device, 'quarantined');
      open.lineServer?.disconnect(device);
    }
    const denied = [...quarantines.denied].join(' ');
    if (denied === applied) return;
    applied = denied;
    await apply();
  });
}

function followReloads(
  site: () => LoadedSite,
  use: (site: LoadedSite) => Promise<readonly string[]>,
  { open }: Running,
  material: Material & Pick<Admission, 'call'>,
): Reloading {
  const { admission, options } = material;
  return startReloading({
    ...options,
    site,
    async load(text) {
      const loaded = await loadSite(options.directory, text);
      await requireSound(loaded, material);
      return loaded;
    },
    use,
    requireHealth: () => requireHealth(site(), open, admission),
    call: material.call,
  });
}

function followTrust(trust: Trust, open: OpenParts): void {
  trust.onRenewed((pki) => renewParts(open, pki));
  trust.onRevoked(() => open.https?.endCertificates(trust.standing.isRevoked));
}

function gatewayOf({ open, admission }: Running, stop: () => Promise<void>): Gateway {
  return {
    mqttPort: open.broker?.port ?? 0,
    httpsPort: open.https?.port ?? 0,
    mllpPort: open.lineServer?.port,
    async askReload(actor, at) {
      await admission?.call('reloadAsk', actor, at);
    },
    stop,
  };
}

/** Whoever follows over HTTPS is told what is logged. */
function tellingLog({ log, now }: GatewayOptions, hub: EventHub): Log {
  return (event, fields = {}) => {
    log(event, fields);
    hub.publish(event, fields, now());
  };
}

/** What has to be stopped, as far as it was started, beside the parts. */
interface Running {
  clock?: GatewayClock;
  admission?: Admission;
  trust?: Trust;
  quarantines?: QuarantineWatch;
  reloading?: Reloading;
  watch?: WardWatch;
  expiry?: NodeJS.Timeout;
  ticking?: NodeJS.Timeout;
  models?: ModelWatch;
  host?: HostWatch | undefined;
  rama?: RamaWatch;
  exploited?: { close(): void };
  alerts?: { close(): void };
  readonly open: OpenParts;
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
    onStep: (step) =>
      running.admission?.queue.signal({ kind: 'wall-clock-set', at: clock.now(), ...step }),
    async onTrusted(anchorMs) {
      try {
        await running.admission?.call('knowTime', boot, anchorMs, clock.now());
      } catch (error) {
        // The store is full or locked for now: a moment later it is told again.
        if (!(error instanceof GatewayError)) throw error;
        log('gateway.failed', { code: error.code, task: 'know-time' });
        return false;
      }
      wakeForwarders(running, true);
      return true;
    },
    log,
    onFault,
  });
  return clock;
}

async function openAdmission(
  site: SiteSettings,
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
    data: { ...(await keeperSettingsOf(site, directory)), boot },
    stamp: () => ({ boot, monotonicMs: monotonicMs(), isTrusted: clock.isTrusted() }),
    commitPauseMs: site.config.store.commitPauseMs,
    log,
    onFed: (fed) => feedConsumers(running.open.broker, fed),
    onFindings: (findings) => tellConsumers(running.open.broker, findings),
    onVoices: (voices) => running.watch?.see(voices),
    onDepartures: (withAlerts) => wakeForwarders(running, withAlerts),
    onFault,
  });
}

function wakeForwarders({ open }: Running, withAlerts: boolean): void {
  for (const forwarder of open.forwarders.values()) forwarder.wake(withAlerts);
}

/** The machine, where it is the gateway's own. */
async function followHost(
  { open }: Running,
  { site, watch, options: { directory, now } }: Material,
  { pid }: GatewayOptions,
): Promise<HostWatch | undefined> {
  if (pid === undefined) return undefined;
  return watchHost({
    ...{ directory, now, pid, queue: watch.queue },
    config: () => site().config,
    ports: () => [open.broker?.port, open.lineServer?.port, open.https?.port],
  });
}

/** Whoever is silent is noticed by the clock alone. */
function startTicking({ watch, options: { now, monotonicMs } }: Material): NodeJS.Timeout {
  const tick = () => watch.queue.signal({ kind: 'tick', at: now(), monotonicMs: monotonicMs() });
  return setInterval(tick, tickMs);
}

/** Once an hour, what was kept for a time goes. */
function startExpiry({ site, admission, aged, options }: Material): NodeJS.Timeout {
  const { now, log, onFault } = options;
  const keptMs = () => site().config.retention.days * dayMs;
  const expire = async () => admission.call('expire', await aged(), keptMs(), now());
  const notExpired = (error: unknown) => {
    // The store is full or locked for now: the next hour will do.
    if (error instanceof GatewayError) log('gateway.failed', { code: error.code, task: 'expire' });
    else onFault(error);
  };
  return setInterval(() => void expire().catch(notExpired), hourMs);
}

/** For the next handshakes; whoever is connected stays. */
function renewParts({ broker, lineServer, https }: OpenParts, pki: SitePki): void {
  for (const part of [broker, lineServer, https]) part?.renew(tlsOf(pki));
}
