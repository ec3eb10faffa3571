import type { TLSSocket } from 'node:tls';
import type { DeviceIdentity, IdentityRefusal } from '../access/device-identity.ts';
import { lapseOf } from '../access/lapse.ts';
import type { CertificateStanding } from '../core/certificate-standing.ts';
import type { DeviceId } from '../core/device.ts';
import type { DeviceProfile } from '../core/device-profile.ts';
import type { Log } from '../core/event.ts';
import type { IntakeQueue } from '../core/intake.ts';
import type { Instant } from '../core/observation.ts';
import { lineTiming } from './line.ts';
import { LineIntake } from './line-intake.ts';
import { within } from './line-wait.ts';
import type { LineCause, Wire } from './line-wire.ts';
import type { MqttLimits } from './mqtt-limits.ts';
import { listenForMqtt, type MqttPlace, type MqttTls } from './mqtt-listener.ts';
import { aliveMs, isRival, isSameClient, type Look } from './rivalry.ts';
import { wireOf } from './socket-wire.ts';
import { offersOf } from './tls-offers.ts';

export interface LineServerOptions {
  readonly host?: string | undefined;
  /** 0 picks a free one. */
  readonly port: number;
  readonly tls: MqttTls;
  /** Asked at each handshake, and all the time about whoever is connected. */
  readonly standing: CertificateStanding;
  /** Of the connections; those of MQTT packets do not apply. */
  readonly limits: MqttLimits;
  /** Asked at each connection. Undefined: not registered. */
  readonly device: (id: DeviceId) => Promise<ServedDevice | 'quarantined' | undefined>;
  readonly intake: IntakeQueue;
  readonly now: () => Instant;
  readonly log: Log;
}

export interface ServedDevice {
  readonly profile: DeviceProfile;
  /** The device must be asked. */
  readonly speaks: boolean;
}

export interface LineServer {
  readonly port: number;
  /** New certificates, from the next handshake on; no old session is resumed. */
  renew(tls: MqttTls): void;
  /** Ends the connection of a device in quarantine; what it is owed is still written. */
  disconnect(device: DeviceId): void;
  /** Ends what these addresses have open and lets nobody in from them. */
  block(addresses: ReadonlySet<string>): void;
  /**
   * Listens there from now on; whoever is connected stays.
   *
   * @throws GatewayError `port-busy`: it still listens where it did.
   */
  move(place: MqttPlace): Promise<void>;
  /** Writes the replies still owed, then closes every connection. */
  close(): Promise<void>;
}

/** One device's open connection. */
interface Served {
  readonly identity: DeviceIdentity;
  readonly address: string;
  readonly look: Look;
  readonly home: Look;
  /** When it last said something, on the monotonic clock in milliseconds. */
  heardAt: number;
  readonly end: (cause: LineCause) => void;
  readonly ended: Promise<void>;
}

/**
 * Lines that come to the gateway: a device with a certificate connects over mutual TLS, and its
 * bytes are read as its profile says. HL7 v2 over MLLP/TLS comes this way (IHE ITI TF-2, 3.19).
 * What is owed to the device is written after the commit, as on every line.
 */
export async function startLineServer(options: LineServerOptions): Promise<LineServer> {
  const server = new RunningLineServer(options);
  await server.start();
  return server;
}

class RunningLineServer implements LineServer {
  readonly #options: LineServerOptions;
  readonly #served = new Map<DeviceId, Served>();
  #listener: Awaited<ReturnType<typeof listenForMqtt>> | undefined;
  #sweeper: NodeJS.Timeout | undefined;

  constructor(options: LineServerOptions) {
    this.#options = options;
  }

  get port(): number {
    return this.#listener?.port ?? 0;
  }

  async start(): Promise<void> {
    const { host, port, tls, standing, limits, intake, now } = this.#options;
    this.#listener = await listenForMqtt({
      host,
      port,
      tls,
      limits,
      standing,
      now,
      secured: (socket, address, identity) =>
        void this.#admit(socket, address, identity).catch(() => socket.destroy()),
      keptOut: (address, sighting) => intake.signal({ ...sighting, address, at: now() }),
      knocked: (address, count) => intake.signal({ kind: 'knocks', at: now(), address, count }),
    });
    this.#sweeper = setInterval(() => this.#sweep(), limits.sweepMs);
  }

  renew(tls: MqttTls): void {
    this.#listener?.renew(tls);
  }

  async move(place: MqttPlace): Promise<void> {
    await this.#listener?.move(place);
  }

  disconnect(device: DeviceId): void {
    this.#served.get(device)?.end('quarantined');
  }

  block(addresses: ReadonlySet<string>): void {
    this.#listener?.block(addresses);
    for (const { address, end } of this.#served.values()) {
      if (addresses.has(address)) end('quarantined');
    }
  }

  #sweep(): void {
    const { standing, now } = this.#options;
    this.#listener?.sweep(performance.now());
    for (const { identity, end } of this.#served.values()) {
      if (lapseOf(identity, standing, now()) !== undefined) end('distrusted');
    }
  }

  async close(): Promise<void> {
    clearInterval(this.#sweeper);
    this.#listener?.close();
    const served = [...this.#served.values()];
    for (const { end } of served) end('stopped');
    await Promise.all(served.map(({ ended }) => ended));
  }

  async #admit(
    socket: TLSSocket,
    address: string,
    identity: DeviceIdentity | IdentityRefusal,
  ): Promise<void> {
    // Stays for good: an error without a listener ends the process.
    socket.on('error', () => {});
    socket.pause();
    if (typeof identity === 'string') return this.#refuse(socket, address, identity);
    const device = await this.#options.device(identity.device);
    if (device === 'quarantined') {
      return this.#refuse(socket, address, device, identity.device);
    }
    if (device?.profile.link.kind !== 'line') {
      return this.#refuse(socket, address, 'not-registered', identity.device);
    }
    const look = { address, asked: '', offered: offersOf(socket) };
    if (await this.#isCloned(socket, identity, look)) {
      return this.#refuse(socket, address, 'certificate-cloned', identity.device);
    }
    let home = look;
    for (let before = this.#of(identity); before; before = this.#of(identity)) {
      if (!this.#mayFollow(identity.fingerprint, before.identity.fingerprint)) {
        return this.#refuse(socket, address, 'another-certificate', identity.device);
      }
      home = before.home;
      this.#tellTakeover(identity, look, before);
      before.end('replaced');
      await before.ended;
    }
    if (!socket.destroyed) this.#serve(socket, { identity, look, home }, device);
  }

  #isCloned(socket: TLSSocket, identity: DeviceIdentity, look: Look): Promise<boolean> {
    const holderNow = () => {
      const served = this.#of(identity);
      if (!served || !this.#mayFollow(identity.fingerprint, served.identity.fingerprint))
        return undefined;
      return { ...served, isLive: true, left: served.ended };
    };
    return isRival(look, holderNow, () => !socket.destroyed);
  }

  #tellTakeover({ device }: DeviceIdentity, look: Look, before: Served): void {
    const { intake, now } = this.#options;
    const { address } = look;
    const isSameAddress = before.address === address;
    const isOther = !isSameAddress || !isSameClient(before.look, look);
    const wasAlive = isOther && performance.now() - before.heardAt < aliveMs;
    intake.signal({ kind: 'taken-over', isSameAddress, wasAlive, device, address, at: now() });
  }

  #mayFollow(newer: string, older: string): boolean {
    return newer === older || this.#options.standing.succeeds(newer, older);
  }

  #of({ device }: DeviceIdentity): Served | undefined {
    return this.#served.get(device);
  }

  #refuse(socket: TLSSocket, address: string, cause: string, device?: DeviceId): void {
    const { intake, log, now } = this.#options;
    socket.destroy();
    intake.signal({ kind: 'refused', cause, address, device, at: now() });
    log('device.refused', { device, address, cause });
  }

  #serve(
    socket: TLSSocket,
    who: Pick<Served, 'identity' | 'look' | 'home'>,
    { profile, speaks }: ServedDevice,
  ): void {
    const { device, graceUntil: until } = who.identity;
    const { address } = who.look;
    const { intake, log, now } = this.#options;
    if (until !== undefined) {
      intake.signal({ kind: 'grace-used', at: now(), device, address, until });
      log('certificate.grace-used', { device, until });
    }
    const timing = lineTiming(profile);
    const over = Promise.withResolvers<LineCause>();
    const line = new LineIntake({
      device,
      intake,
      now,
      log,
      speaks,
      writeTimeoutMs: timing.writeTimeoutMs,
    });
    const wire = wireOf(socket, { onClosed: over.resolve });
    socket.on('data', (bytes: Buffer) => {
      served.heardAt = performance.now();
      line.accept(bytes);
    });
    socket.setTimeout(timing.silentCloseMs, () => over.resolve('silent'));
    intake.signal({ kind: 'line-opened', device, address, at: now() });
    log('line.opened', { device });

    const ended = over.promise.then(async (cause) => {
      socket.setTimeout(0);
      if (cause === 'replaced') {
        line.end();
        awaitFarewell(socket, timing.closeTimeoutMs, () =>
          intake.signal({ kind: 'displaced', device, address, at: now() }),
        );
      } else await release(line, wire, cause, timing.closeTimeoutMs);
      this.#served.delete(device);
      intake.signal({ kind: 'line-closed', cause, device, address, at: now() });
      log('line.closed', { device, cause });
    });
    const end = over.resolve;
    const served: Served = { ...who, address, end, ended, heardAt: performance.now() };
    this.#served.set(device, served);
    line.begin(wire, () => over.resolve('write-stalled'));
  }
}

async function release(
  line: LineIntake,
  wire: Wire,
  cause: LineCause,
  closeTimeoutMs: number,
): Promise<void> {
  if (cause === 'stopped' || cause === 'quarantined') await within(line.drain(), closeTimeoutMs);
  line.end();
  await within(wire.close(), closeTimeoutMs);
}

/** Ends the connection in order; `answered` is called when there is somebody at its other end. */
function awaitFarewell(socket: TLSSocket, timeoutMs: number, answered: () => void): void {
  const over = setTimeout(() => socket.destroy(), timeoutMs);
  // The line belongs to another wire: what is said here must not be read in between.
  socket.removeAllListeners('data');
  socket.once('end', answered);
  socket.once('close', () => clearTimeout(over));
  socket.resume();
  socket.end();
}
