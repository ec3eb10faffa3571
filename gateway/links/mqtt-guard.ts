import { Duplex } from 'node:stream';
import type { TLSSocket } from 'node:tls';
import type { DeviceIdentity, IdentityRefusal } from '../access/device-identity.ts';
import type { DeviceId } from '../core/device.ts';
import type { IntakeQueue } from '../core/intake.ts';
import type { Instant } from '../core/observation.ts';
import {
  type Admission,
  type ConnectPacket,
  type Denial,
  readConnect,
  returnCode,
} from './mqtt-connect.ts';
import { FrameSplitter, type HeldBytes } from './mqtt-frames.ts';
import type { MqttLimits } from './mqtt-limits.ts';
import { MqttOutput, type WriteTurn } from './mqtt-output.ts';
import { inspectHeader, inspectPacket, packetType, uint16 } from './mqtt-packet.ts';
import { MqttPatience } from './mqtt-patience.ts';
import { PublishPath } from './mqtt-publish.ts';
import { causeOf, type Sighting, sightingOf } from './mqtt-sighting.ts';
import { offersOf } from './tls-offers.ts';

/** What all guards of one broker share. */
export interface GuardContext {
  readonly limits: MqttLimits;
  readonly intake: IntakeQueue;
  readonly now: () => Instant;
  readonly held: HeldBytes;
  readonly turn: WriteTurn;
  readonly isOverloaded: () => boolean;
  /** Judges a CONNECT. Undefined when the connection ended meanwhile. */
  readonly admit: (
    guard: MqttGuard,
    connect: ConnectPacket,
  ) => Promise<Admission | Denial | undefined>;
  /** Gives the broker the stream of an admitted client. */
  readonly handOver: (guard: MqttGuard, device: DeviceId, stream: Duplex) => void;
  readonly report: (guard: MqttGuard, sighting: Sighting) => void;
  /** It did what it may. */
  readonly seen: (guard: MqttGuard, sighting: Sighting) => void;
  /** It is over, seen from here; its socket may still be closing. */
  readonly ended: (guard: MqttGuard, cause: string) => void;
}

const pingresp = Buffer.of(0xd0, 0);

/** Why a socket is not read. All must be gone before it is read again. */
const hold = { decision: 1, answers: 2, broker: 4, output: 8, overload: 16 } as const;

/**
 * Stands between one TLS socket and the broker. It reads packets, judges every one by the standard
 * and the limits, takes what is published to the intake, and lets only what is left reach the
 * broker: a CONNECT that was admitted, subscriptions, pings.
 */
export class MqttGuard {
  readonly address: string;
  /** What its TLS offered; undefined where an earlier handshake was resumed. */
  readonly offered: string | undefined;
  /** Who the certificate says it is, or why it names no device. */
  readonly identity: DeviceIdentity | IdentityRefusal;
  readonly #socket: TLSSocket;
  readonly #context: GuardContext;
  readonly #splitter: FrameSplitter;
  readonly #output: MqttOutput;
  readonly #patience: MqttPatience;
  #publishes: PublishPath | undefined;
  #stream: Duplex | undefined;
  #holds = 0;
  #pings = 0;
  /** Somebody else has its place. */
  #isReplaced = false;
  /** Why the broker would end it. */
  #leaving: 'broker' | 'disconnect' = 'broker';

  constructor(
    socket: TLSSocket,
    address: string,
    identity: DeviceIdentity | IdentityRefusal,
    context: GuardContext,
  ) {
    this.address = address;
    this.identity = identity;
    this.offered = offersOf(socket);
    this.#socket = socket;
    this.#context = context;
    this.#patience = new MqttPatience(context.limits);
    this.#output = new MqttOutput(socket, context.turn, context.limits.outputBytesMax, () =>
      this.#blocked(),
    );
    this.#splitter = new FrameSplitter(
      {
        header: (first, remaining) => this.#header(first, remaining),
        frame: (bytes, start, body, end) => this.#frame(bytes, start, body, end),
        unreadable: (cause) => this.refuse(sightingOf(cause)),
      },
      context.held,
    );
    socket.on('data', (chunk: Buffer) => this.#receive(chunk));
    socket.on('drain', () => this.#drained());
    socket.on('end', () => this.#leftByPeer());
    socket.on('error', (error: NodeJS.ErrnoException) => this.close(error.code ?? 'socket-error'));
    socket.on('close', () => this.close('closed'));
  }

  get device(): DeviceId | undefined {
    return typeof this.identity === 'string' ? undefined : this.identity.device;
  }

  /** It reads what is released, and is no device. */
  get isConsumer(): boolean {
    return typeof this.identity !== 'string' && this.identity.isConsumer === true;
  }

  /** Its certificate has expired, and the site lets it in for a while all the same. */
  get isInGrace(): boolean {
    return typeof this.identity !== 'string' && this.identity.graceUntil !== undefined;
  }

  /** When it last said something, on the monotonic clock. */
  get heardAt(): number {
    // Whom we do not read we cannot hear: nobody is silent for that.
    const isUnread = this.#isHeld(hold.answers) || this.#isHeld(hold.overload);
    return isUnread ? performance.now() : this.#patience.heardAt;
  }

  /** Pings since it was asked last. */
  takePings(): number {
    const pings = this.#pings;
    this.#pings = 0;
    return pings;
  }

  get isLive(): boolean {
    return this.#patience.phase !== 'closing';
  }

  /** The broker has sent its CONNACK: what came after CONNECT may be read. */
  opened(): void {
    if (this.#patience.phase !== 'deciding') return;
    this.#patience.enter('open');
    this.#release(hold.decision);
  }

  /** The intake has room again. */
  relieved(): void {
    this.#release(hold.overload);
  }

  /** Ends the connection because of what it did. */
  refuse(sighting: Sighting): void {
    if (!this.isLive) return;
    this.#context.report(this, sighting);
    this.#end(causeOf(sighting));
    this.#socket.destroy();
  }

  /** Ends the connection in order: what it is owed is still sent. */
  close(cause: string): void {
    if (!this.isLive) return;
    this.#isReplaced = cause === 'taken-over';
    this.#end(cause);
    this.#output.flush();
    this.#socket.end();
  }

  /** Looks at every time limit. `at` is of the monotonic clock. */
  sweep(at: number): void {
    if (this.#isHeld(hold.overload) && !this.#context.isOverloaded()) this.relieved();
    const excess = this.#patience.excess(at, this.#holds === 0);
    if (excess === 'close-time') this.#socket.destroy();
    else if (excess === 'keep-alive') this.close(excess);
    else if (excess !== undefined) this.refuse({ kind: 'limit', limit: excess });
  }

  /** Whoever answers the end of a connection it lost to another was there all the time. */
  #leftByPeer(): void {
    if (this.#isReplaced) this.#context.seen(this, { kind: 'displaced' });
    this.#isReplaced = false;
    this.close('closed');
  }

  #receive(chunk: Buffer): void {
    if (!this.isLive) return;
    this.#patience.arrived();
    this.#splitter.push(chunk);
    this.#patience.ended(this.#splitter.isPartial);
  }

  #header(first: number, remaining: number): boolean {
    const { limits } = this.#context;
    const type = first >> 4;
    // MQTT-3.1.0-1 and MQTT-3.1.0-2: CONNECT is the first packet, and comes once.
    const isFirst = this.#patience.phase === 'waiting';
    if (isFirst !== (type === packetType.connect)) {
      const cause = isFirst ? 'MQTT-3.1.0-1' : 'MQTT-3.1.0-2';
      this.refuse({ kind: 'protocol-violation', cause });
      return false;
    }
    const violation = inspectHeader(first, remaining);
    const bytesMax = type === packetType.publish ? limits.packetBytesMax : limits.controlBytesMax;
    if (violation !== undefined) this.refuse(sightingOf(violation));
    else if (remaining > bytesMax) this.refuse({ kind: 'limit', limit: 'packet-bytes' });
    else return true;
    return false;
  }

  #frame(bytes: Buffer, start: number, body: number, end: number): void {
    this.#patience.heard();
    const first = bytes[start] ?? 0;
    const violation = inspectPacket(bytes, start, end);
    if (violation === 'MQTT-3.1.2-2') this.#deny(returnCode.level, sightingOf(violation));
    else if (violation === 'MQTT-3.1.3-8') this.#deny(returnCode.clientId, sightingOf(violation));
    else if (violation !== undefined) this.refuse(sightingOf(violation));
    else if (this.#patience.phase === 'waiting')
      this.#connect(readConnect(bytes, start, body, end));
    else this.#pass(bytes, first, start, body, end);
  }

  #connect(connect: ConnectPacket): void {
    this.#patience.enter('deciding');
    this.#hold(hold.decision);
    this.#context.admit(this, connect).then(
      (admission) => {
        if (admission === undefined || !this.isLive) return;
        if ('sighting' in admission) this.#deny(admission.returnCode, admission.sighting);
        else this.#open(connect, admission);
      },
      () => this.#deny(returnCode.unavailable, { kind: 'refused', cause: 'unavailable' }),
    );
  }

  #open(connect: ConnectPacket, admission: Admission): void {
    const { limits, intake, now, handOver } = this.#context;
    this.#patience.promise(connect.keepAliveSeconds);
    this.#publishes = new PublishPath({
      ...admission,
      intake,
      now,
      limits,
      output: this.#output,
      overfull: () => this.refuse({ kind: 'limit', limit: 'output-bytes' }),
      lost: () => this.close('intake'),
      answered: () => this.#answered(),
    });
    this.#stream = new Duplex({
      readableHighWaterMark: limits.controlBytesMax,
      read: () => this.#release(hold.broker),
      write: (chunk: Buffer, _encoding, done) => {
        // The broker never waits for a slow client; the limit of what is unread ends it instead.
        this.#send(chunk);
        done();
      },
      destroy: (_error, done) => {
        this.close(this.#leaving);
        done(null);
      },
    });
    handOver(this, admission.device, this.#stream);
    this.#stream.push(connect.forwarded);
  }

  #pass(bytes: Buffer, first: number, start: number, body: number, end: number): void {
    const publishes = this.#publishes;
    const stream = this.#stream;
    if (publishes === undefined || stream === undefined) return;
    switch (first >> 4) {
      case packetType.publish: {
        const sighting = publishes.publish(bytes, first, body, end);
        if (sighting !== undefined) this.refuse(sighting);
        else if (publishes.isFull) this.#hold(hold.answers);
        if (this.#context.isOverloaded()) this.#hold(hold.overload);
        return;
      }
      case packetType.pubrel: {
        const sighting = publishes.release(uint16(bytes, body));
        if (sighting !== undefined) this.refuse(sighting);
        return;
      }
      case packetType.pingreq:
        this.#pings++;
        this.#send(pingresp);
        return;
      case packetType.disconnect:
        // MQTT-3.14.4-3: the broker forgets the will and ends the stream. Nothing may follow.
        this.#leaving = 'disconnect';
        this.#hold(hold.decision);
        stream.push(bytes.subarray(start, end));
        return;
      default:
        if (!stream.push(bytes.subarray(start, end))) this.#hold(hold.broker);
    }
  }

  /** MQTT-3.2.2-4, MQTT-3.2.2-5: a CONNACK that says why, then the end. */
  #deny(code: number, sighting: Sighting): void {
    if (!this.isLive) return;
    this.#context.report(this, sighting);
    this.#output.write(Buffer.of(0x20, 2, 0, code));
    this.close(causeOf(sighting));
  }

  #send(bytes: Uint8Array): void {
    if (!this.isLive || this.#output.write(bytes)) return;
    this.refuse({ kind: 'limit', limit: 'output-bytes' });
  }

  #answered(): void {
    if (this.#isHeld(hold.answers) && this.#publishes?.hasRoom) this.#release(hold.answers);
  }

  /** Who does not read its answers is not read either. */
  #blocked(): void {
    this.#patience.blocked();
    this.#hold(hold.output);
  }

  #drained(): void {
    this.#patience.drained();
    this.#release(hold.output);
  }

  #hold(reason: number): void {
    if (this.#holds === 0) {
      this.#splitter.stop();
      this.#socket.pause();
    }
    this.#holds |= reason;
  }

  #release(reason: number): void {
    if (!this.#isHeld(reason)) return;
    this.#holds &= ~reason;
    if (this.#holds !== 0 || !this.isLive) return;
    this.#patience.readAgain();
    this.#splitter.resume();
    this.#patience.ended(this.#splitter.isPartial);
    if (this.#holds === 0 && this.isLive) this.#socket.resume();
  }

  #isHeld(reason: number): boolean {
    return (this.#holds & reason) !== 0;
  }

  #end(cause: string): void {
    this.#patience.enter('closing');
    this.#publishes?.end();
    this.#splitter.end();
    // Whatever still arrives is read and forgotten: unread bytes would turn the end into a reset.
    this.#socket.resume();
    this.#context.ended(this, cause);
  }
}
