import type { TLSSocket } from 'node:tls';
import { type DeviceIdentity, identify } from '../access/device-identity.ts';
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
import { listenForMqtt, type MqttTls } from './mqtt-listener.ts';
import { wireOf } from './socket-wire.ts';

export interface LineServerOptions {
  readonly host?: string | undefined;
  /** 0 picks a free one. */
  readonly port: number;
  readonly tls: MqttTls;
  /** Of the connections; those of MQTT packets do not apply. */
  readonly limits: MqttLimits;
  /** Asked at each connection. Undefined: not registered. */
  readonly device: (id: DeviceId) => Promise<ServedDevice | undefined>;
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
  /** Writes the replies still owed, then closes every connection. */
  close(): Promise<void>;
}

/** One device's open connection. */
interface Served {
  readonly fingerprint: string;
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
    const { host, port, tls, limits, intake, now } = this.#options;
    this.#listener = await listenForMqtt({
      host,
      port,
      tls,
      limits,
      secured: (socket, address) => void this.#admit(socket, address).catch(() => socket.destroy()),
      keptOut: (address, sighting) => intake.signal({ ...sighting, address, at: now() }),
    });
    this.#sweeper = setInterval(() => this.#listener?.sweep(performance.now()), limits.sweepMs);
  }

  async close(): Promise<void> {
    clearInterval(this.#sweeper);
    this.#listener?.close();
    const served = [...this.#served.values()];
    for (const { end } of served) end('stopped');
    await Promise.all(served.map(({ ended }) => ended));
  }

  async #admit(socket: TLSSocket, address: string): Promise<void> {
    // Stays for good: an error without a listener ends the process.
    socket.on('error', () => {});
    socket.pause();
    const identity = identify(socket.getPeerCertificate(), this.#options.now());
    if (typeof identity === 'string') return this.#refuse(socket, address, identity);
    const device = await this.#options.device(identity.device);
    if (device?.profile.link.kind !== 'line') {
      return this.#refuse(socket, address, 'not-registered', identity.device);
    }
    for (let before = this.#of(identity); before; before = this.#of(identity)) {
      if (before.fingerprint !== identity.fingerprint) {
        return this.#refuse(socket, address, 'another-certificate', identity.device);
      }
      before.end('replaced');
      await before.ended;
    }
    if (!socket.destroyed) this.#serve(socket, address, identity, device);
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
    address: string,
    { device, fingerprint }: DeviceIdentity,
    { profile, speaks }: ServedDevice,
  ): void {
    const { intake, log, now } = this.#options;
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
    socket.on('data', (bytes: Buffer) => line.accept(bytes));
    socket.setTimeout(timing.silentCloseMs, () => over.resolve('silent'));
    intake.signal({ kind: 'line-opened', device, address, at: now() });
    log('line.opened', { device });

    const ended = over.promise.then(async (cause) => {
      socket.setTimeout(0);
      await release(line, wire, cause, timing.closeTimeoutMs);
      this.#served.delete(device);
      intake.signal({ kind: 'line-closed', cause, device, address, at: now() });
      log('line.closed', { device, cause });
    });
    this.#served.set(device, { fingerprint, end: over.resolve, ended });
    line.begin(wire, () => over.resolve('write-stalled'));
  }
}

async function release(
  line: LineIntake,
  wire: Wire,
  cause: LineCause,
  closeTimeoutMs: number,
): Promise<void> {
  if (cause === 'stopped') await within(line.drain(), closeTimeoutMs);
  line.end();
  await within(wire.close(), closeTimeoutMs);
}
