import type { TLSSocket } from 'node:tls';
import type { DeviceIdentity, IdentityRefusal } from '../access/device-identity.ts';
import { lapseOf } from '../access/lapse.ts';
import type { CertificateStanding } from '../core/certificate-standing.ts';
import type { DeviceId } from '../core/device.ts';
import type { Log } from '../core/event.ts';
import type { IntakeQueue } from '../core/intake.ts';
import type { Instant } from '../core/observation.ts';
import { MqttClients } from './mqtt-clients.ts';
import { type GuardContext, MqttGuard } from './mqtt-guard.ts';
import { defaultMqttLimits, type MqttLimits } from './mqtt-limits.ts';
import { listenForMqtt, type MqttListener, type MqttPlace, type MqttTls } from './mqtt-listener.ts';
import { WriteTurn } from './mqtt-output.ts';
import { type FindDevice, MqttSeats } from './mqtt-seats.ts';
import { createMqttSessions } from './mqtt-sessions.ts';
import { causeOf, type Sighting, topicCharsMax } from './mqtt-sighting.ts';

export interface MqttBrokerOptions {
  /** Every address of this machine when left out. */
  readonly host?: string | undefined;
  /** 0 picks a free one. */
  readonly port: number;
  readonly tls: MqttTls;
  /** Asked at each handshake, and all the time about whoever is connected. */
  readonly standing: CertificateStanding;
  readonly limits?: MqttLimits | undefined;
  /** Asked at each CONNECT. Undefined: not registered, or not to be let in now. */
  readonly device: FindDevice;
  readonly intake: IntakeQueue;
  /** While true, no socket that published is read. */
  readonly isOverloaded: () => boolean;
  /** Takes what is to be called when the intake is no longer overloaded. */
  readonly onDrain: (listener: () => void) => void;
  /** Told when the first consumer is there, and when the last one left. */
  readonly onConsumers?: ((areThere: boolean) => void) | undefined;
  readonly now: () => Instant;
  readonly log: Log;
}

export interface MqttBroker {
  readonly port: number;
  /** Devices whose CONNECT was answered yes. */
  readonly connected: number;
  disconnect(device: DeviceId, cause: string): void;
  /** Ends what these addresses have open and lets nobody in from them. */
  block(addresses: ReadonlySet<string>): void;
  /**
   * Sends a message of the gateway's own to whoever may read its topic. QoS 0: it is for those who
   * are there, since a command that arrives late is a danger.
   */
  publish(topic: string, payload: Uint8Array): Promise<void>;
  /** The same by QoS 1, for consumers: acknowledged by those who are there, kept for nobody. */
  release(topic: string, payload: Uint8Array): Promise<void>;
  /** New certificates, from the next handshake on; no old session is resumed. */
  renew(tls: MqttTls): void;
  /**
   * Listens where it is told and lets in as many as it is told, from now on; whoever is connected
   * stays.
   *
   * @throws GatewayError `port-busy`: nothing changed.
   */
  adopt(place: MqttPlace, limits: ConnectionLimits): Promise<void>;
  /** Ends every connection, those of devices in order. */
  close(): Promise<void>;
}

export type ConnectionLimits = Pick<MqttLimits, 'connectionsMax' | 'connectionsPerAddressMax'>;

/** A timer is a little late on every machine. */
const lagMsMin = 50;

/** MQTT 3.1.1 over mutual TLS, for the devices of this site. There is no port without TLS. */
export async function startMqttBroker(options: MqttBrokerOptions): Promise<MqttBroker> {
  const broker = new Broker(options);
  await broker.start();
  return broker;
}

class Broker implements MqttBroker {
  readonly #options: MqttBrokerOptions;
  readonly #limits: MqttLimits;
  readonly #seats: MqttSeats<MqttGuard>;
  readonly #context: GuardContext;
  readonly #persistence: object;
  /** Every connection past its handshake, until its socket is closed. */
  readonly #guards = new Set<MqttGuard>();
  readonly #open = new Set<MqttGuard>();
  #clients: MqttClients | undefined;
  #listener: MqttListener | undefined;
  #sweeper: NodeJS.Timeout | undefined;
  #place: MqttPlace;
  #consumers = 0;
  #sweptAt = performance.now();
  #crowd = '';
  #refusalsUnwritten = 0;
  #refusalLines = 0;
  #empty: (() => void) | undefined;

  constructor(options: MqttBrokerOptions) {
    this.#options = options;
    const limits = options.limits ?? defaultMqttLimits;
    const sessions = createMqttSessions(limits.connectionsMax, limits.subscriptionsMax);
    this.#limits = limits;
    this.#place = options;
    this.#persistence = sessions.persistence;
    this.#seats = new MqttSeats(options.device, sessions, options.standing, (guard, sighting) =>
      this.#see(guard, sighting),
    );
    this.#context = {
      limits,
      intake: options.intake,
      now: options.now,
      held: { bytes: 0, bytesMax: limits.heldBytesMax },
      turn: new WriteTurn(),
      isOverloaded: options.isOverloaded,
      admit: (guard, connect) => this.#seats.admit(guard, connect),
      handOver: (guard, device, stream) => this.#clients?.add(guard, device, stream),
      report: (guard, sighting) =>
        this.#report(sighting, guard.address, guard.isConsumer ? undefined : guard.device),
      seen: (guard, sighting) => this.#see(guard, sighting),
      ended: (guard, cause) => this.#ended(guard, cause),
    };
  }

  get port(): number {
    return this.#listener?.port ?? 0;
  }

  get connected(): number {
    return this.#open.size;
  }

  async start(): Promise<void> {
    const { host, port, tls, standing, now, onDrain, intake } = this.#options;
    this.#clients = await MqttClients.start({
      limits: this.#limits,
      persistence: this.#persistence,
      opened: (guard) => this.#opened(guard),
      report: this.#context.report,
      seen: this.#context.seen,
      bequeathed: (device, payload) => this.#bequeathed(device, payload),
    });
    try {
      this.#listener = await listenForMqtt({
        host,
        port,
        tls,
        limits: this.#limits,
        standing,
        now,
        secured: (socket, address, identity) => this.#secured(socket, address, identity),
        keptOut: (address, sighting) => this.#report(sighting, address),
        knocked: (address, count) => intake.signal({ kind: 'knocks', at: now(), address, count }),
      });
    } catch (error) {
      await this.#clients.close();
      throw error;
    }
    onDrain(() => {
      for (const guard of this.#open) guard.relieved();
    });
    this.#sweeper = setInterval(() => this.#sweep(), this.#limits.sweepMs);
  }

  disconnect(device: DeviceId, cause: string): void {
    this.#seats.of(device)?.sitter.close(cause);
  }

  block(addresses: ReadonlySet<string>): void {
    this.#listener?.block(addresses);
    for (const guard of this.#guards) if (addresses.has(guard.address)) guard.close('blocked');
  }

  async publish(topic: string, payload: Uint8Array): Promise<void> {
    await this.#clients?.publish(topic, payload, 0);
  }

  async release(topic: string, payload: Uint8Array): Promise<void> {
    await this.#clients?.publish(topic, payload, 1);
  }

  renew(tls: MqttTls): void {
    this.#listener?.renew(tls);
  }

  async adopt(place: MqttPlace, limits: ConnectionLimits): Promise<void> {
    const { host, port } = this.#place;
    if (place.host !== host || place.port !== port) await this.#listener?.move(place);
    this.#place = place;
    this.#listener?.limit({ ...this.#limits, ...limits });
  }

  async close(): Promise<void> {
    this.#listener?.close();
    for (const guard of this.#guards) guard.close('shutdown');
    // The sweep ends whoever does not close in time.
    if (this.#guards.size > 0) await new Promise<void>((resolve) => (this.#empty = resolve));
    clearInterval(this.#sweeper);
    await this.#clients?.close();
  }

  #secured(socket: TLSSocket, address: string, identity: DeviceIdentity | IdentityRefusal): void {
    const guard = new MqttGuard(socket, address, identity, this.#context);
    if (typeof identity !== 'string') this.#see(guard, handshakeOf(socket, identity));
    if (typeof identity !== 'string' && identity.graceUntil !== undefined)
      this.#letInByGrace(identity.device, address, identity.graceUntil);
    this.#guards.add(guard);
    socket.once('close', () => {
      this.#guards.delete(guard);
      if (this.#guards.size === 0) this.#empty?.();
    });
  }

  #letInByGrace(device: DeviceId, address: string, until: Instant): void {
    const { intake, now, log } = this.#options;
    intake.signal({ kind: 'grace-used', at: now(), device, address, until });
    log('certificate.grace-used', { device, until });
  }

  #opened(guard: MqttGuard): void {
    const { device, address } = guard;
    this.#open.add(guard);
    if (guard.isConsumer) {
      this.#options.log('consumer.connected', { consumer: device, address });
      if (this.#consumers++ === 0) this.#options.onConsumers?.(true);
      guard.opened();
      return;
    }
    this.#options.intake.signal({ kind: 'connected', at: this.#options.now(), device, address });
    this.#options.log('device.connected', { device, address });
    guard.opened();
  }

  #ended(guard: MqttGuard, cause: string): void {
    const { device, address } = guard;
    const { intake, log, now } = this.#options;
    const seat = device === undefined ? undefined : this.#seats.leaving(guard);
    if (seat !== undefined) this.#clients?.remove(guard, () => seat.before.then(seat.leave));
    if (!this.#open.delete(guard)) return;
    if (guard.isConsumer) {
      log('consumer.disconnected', { consumer: device, address, cause });
      if (--this.#consumers === 0) this.#options.onConsumers?.(false);
      return;
    }
    intake.signal({ kind: 'disconnected', at: now(), device, address, cause });
    log(cause === 'intake' ? 'intake.refused' : 'device.disconnected', { device, address, cause });
  }

  #bequeathed(device: DeviceId, payload: Buffer): void {
    const { intake, now, log } = this.#options;
    intake
      .offer({ device, channel: 'status', bytes: payload, receivedAt: now() })
      .catch(() => log('intake.refused', { device, cause: 'will' }));
  }

  /** What a client did as it may. A consumer is no device: what it does is told by its address. */
  #see({ device, isConsumer, address }: MqttGuard, sighting: Sighting): void {
    const { intake, now } = this.#options;
    const who = isConsumer ? { consumer: device } : { device };
    intake.signal({ ...sighting, at: now(), ...who, address });
  }

  #report(sighting: Sighting, address: string, device?: DeviceId): void {
    const { intake, now, log } = this.#options;
    const origin = { at: now(), device, address };
    if (sighting.kind === 'topic-refused') {
      const topic = sighting.topic.slice(0, topicCharsMax);
      intake.signal({ ...sighting, topic, ...origin });
    } else intake.signal({ ...sighting, ...origin });
    // A flood of refusals must not become a flood of lines.
    if (this.#refusalLines++ < this.#limits.refusalLinesMax)
      log('device.refused', { device, address, cause: causeOf(sighting) });
    else this.#refusalsUnwritten++;
  }

  /** Told when it is another than at the last sweep, and as long as it is not at ease. */
  #measureCrowd(at: number): void {
    const { intake, now } = this.#options;
    const lateMs = at - this.#sweptAt - this.#limits.sweepMs;
    this.#sweptAt = at;
    const lagMs = lateMs < lagMsMin ? 0 : Math.round(lateMs);
    const connections = this.#guards.size + (this.#listener?.shaking ?? 0);
    const waiting = connections - this.#open.size;
    const crowd = `${connections} ${waiting} ${lagMs}`;
    if (crowd === this.#crowd && waiting === 0 && lagMs === 0) return;
    this.#crowd = crowd;
    intake.signal({ kind: 'crowd', at: now(), connections, waiting, lagMs });
  }

  #sweep(): void {
    const at = performance.now();
    const { standing, now } = this.#options;
    for (const guard of this.#guards) {
      const lapse = lapseOf(guard.identity, standing, now());
      if (lapse === undefined) guard.sweep(at);
      else guard.refuse({ kind: 'refused', cause: lapse });
      const pings = guard.takePings();
      if (pings > 0) this.#see(guard, { kind: 'pinged', count: pings });
    }
    this.#listener?.sweep(at);
    this.#measureCrowd(at);
    if (this.#refusalsUnwritten > 0)
      this.#options.log('device.refused', { cause: 'many', count: this.#refusalsUnwritten });
    this.#refusalsUnwritten = 0;
    this.#refusalLines = 0;
  }
}

function handshakeOf(socket: TLSSocket, { fingerprint }: DeviceIdentity): Sighting {
  const isResumed = socket.isSessionReused();
  return {
    kind: 'handshake',
    version: socket.getProtocol() ?? '',
    cipher: socket.getCipher().standardName,
    isResumed,
    certificate: fingerprint,
    algorithms: isResumed ? '' : socket.getSharedSigalgs().join(' '),
  };
}
