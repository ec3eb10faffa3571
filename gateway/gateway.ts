import { type Admission, startAdmission } from './admission.ts';
import { createEventHub, type EventHub } from './api/event-hub.ts';
import { loadConfig } from './config.ts';
import { GatewayError } from './core/error.ts';
import type { Log } from './core/event.ts';
import type { Instant } from './core/observation.ts';
import { type Material, type OpenParts, plansOf, type SiteSettings } from './gateway-parts.ts';
import { createParts } from './parts.ts';
import type { SitePki } from './pki/site-pki.ts';
import { loadProtocols, type OwedRelay } from './policy.ts';
import { loadProfiles } from './profiles.ts';
import { type QuarantineWatch, watchQuarantines } from './quarantine-watch.ts';
import { destinationOf } from './relay-settings.ts';
import { lockSite } from './store/database.ts';
import { createGatewayClock, type GatewayClock } from './time/gateway-clock.ts';
import { bootId } from './time/monotonic.ts';
import { readTimeService } from './time/time-service.ts';
import { startTrust, type Trust, tlsOf } from './trust.ts';
import { watchWard } from './ward-watch.ts';

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
  const parts = createParts();
  const running: Running = { open: { forwarders: new Map() } };

  async function stop(): Promise<void> {
    for (const follower of [running.quarantines, running.clock, running.trust]) follower?.close();
    clearInterval(running.expiry);
    await parts.close();
    await running.admission?.close();
    lock.close();
  }

  try {
    const profiles = await loadProfiles(options.directory);
    const site = { config, profiles };
    const material = await openMaterial(site, hub, running, options);
    const quarantines = await watchQuarantines({ ...material, ...material.options });
    running.quarantines = quarantines;
    const { open } = running;
    const apply = () => parts.apply(() => plansOf(site, quarantines.denied, open, material));
    await apply();
    running.expiry = startExpiry(site, material);
    followQuarantines(quarantines, open, apply);
    const { trust } = material;
    trust.onRenewed((pki) => renewParts(open, pki));
    trust.onRevoked(() => open.https?.endCertificates(trust.standing.isRevoked));
    return {
      mqttPort: open.broker?.port ?? 0,
      httpsPort: open.https?.port ?? 0,
      mllpPort: open.lineServer?.port,
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** What all parts are made of; nothing of it listens yet. */
async function openMaterial(
  site: SiteSettings,
  hub: EventHub,
  running: Running,
  options: GatewayOptions,
): Promise<Material & { readonly clock: GatewayClock; readonly call: Admission['call'] }> {
  const boot = bootId();
  const clock = createClock(boot, running, options);
  running.clock = clock;
  // The keeper thread loads meanwhile.
  const relays = await Promise.all(site.config.relays.map(destinationOf));
  const opening = openAdmission(site, relays, running, { ...options, boot, clock });
  const [admission, protocols] = await Promise.all([opening, loadProtocols()]);
  running.admission = admission;
  await clock.start(await admission.call('newestTime'));
  const timed = { ...options, now: () => clock.now() };
  const call = admission.call.bind(admission);
  const trust = await startTrust({ ...timed, call });
  running.trust = trust;
  const watch = watchWard(admission.queue);
  return {
    ...{ protocols, trust, admission, call, watch, hub, clock },
    site: () => site,
    options: timed,
  };
}

/** Whoever is denied is cut off at each look, so that nobody slips in between two of them. */
function followQuarantines(
  quarantines: QuarantineWatch,
  open: OpenParts,
  apply: () => Promise<unknown>,
): void {
  let applied = '';
  quarantines.follow(async () => {
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
  expiry?: NodeJS.Timeout;
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

function openAdmission(
  { config, profiles }: SiteSettings,
  relays: readonly OwedRelay[],
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
      relays: relays.map(({ id, lanes }) => ({ id, lanes })),
      profiles,
      budget: config.retention,
      boot,
    },
    stamp: () => ({ boot, monotonicMs: monotonicMs(), isTrusted: clock.isTrusted() }),
    commitPauseMs: config.store.commitPauseMs,
    log,
    onDepartures: (withAlerts) => wakeForwarders(running, withAlerts),
    onFault,
  });
}

function wakeForwarders({ open }: Running, withAlerts: boolean): void {
  for (const forwarder of open.forwarders.values()) forwarder.wake(withAlerts);
}

/** Once an hour, what was kept for a time goes. */
function startExpiry(
  { config }: SiteSettings,
  { admission, clock, options }: Material & { readonly clock: GatewayClock },
): NodeJS.Timeout {
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

/** For the next handshakes; whoever is connected stays. */
function renewParts({ broker, lineServer, https }: OpenParts, pki: SitePki): void {
  for (const part of [broker, lineServer, https]) part?.renew(tlsOf(pki));
}
