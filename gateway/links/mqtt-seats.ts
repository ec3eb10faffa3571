import type { DeviceIdentity, IdentityRefusal } from '../access/device-identity.ts';
import { publishChannels } from '../access/topics.ts';
import type { CertificateStanding } from '../core/certificate-standing.ts';
import type { DeviceId } from '../core/device.ts';
import type { DeviceProfile } from '../core/device-profile.ts';
import type { Channel } from '../core/intake.ts';
import { type Admission, type ConnectPacket, type Denial, returnCode } from './mqtt-connect.ts';
import type { MqttSessions } from './mqtt-sessions.ts';
import type { Sighting } from './mqtt-sighting.ts';
import { aliveMs, isRival, isSameClient, type Look } from './rivalry.ts';

/** A connection, as far as its seat is concerned. */
export interface Sitter {
  readonly identity: DeviceIdentity | IdentityRefusal;
  readonly address: string;
  /** What its TLS offered; undefined where an earlier handshake was resumed. */
  readonly offered: string | undefined;
  /** When it last said something, on the monotonic clock in milliseconds. */
  readonly heardAt: number;
  readonly isLive: boolean;
  close(cause: string): void;
}

/** The place of one client id. Only one connection has it at a time (MQTT-3.1.4-2). */
export interface Seat {
  readonly sitter: Sitter;
  readonly identity: DeviceIdentity;
  readonly look: Look;
  /** How the first one looked that had this id, through all that took it over since. */
  readonly home: Look;
  /** Settles when the connection before it has left the seat, and the broker has let it go. */
  readonly before: Promise<void>;
  readonly left: Promise<void>;
  readonly leave: () => void;
}

export type FindDevice = (id: DeviceId) => Promise<DeviceProfile | 'quarantined' | undefined>;

/** Judges who may connect, and as whom. */
export class MqttSeats<Who extends Sitter = Sitter> {
  readonly #seats = new Map<DeviceId, Seat>();
  readonly #bySitter = new Map<Sitter, Seat>();
  readonly #findDevice: FindDevice;
  readonly #sessions: MqttSessions;
  readonly #standing: CertificateStanding;
  readonly #seen: (sitter: Who, sighting: Sighting) => void;

  constructor(
    findDevice: FindDevice,
    sessions: MqttSessions,
    standing: CertificateStanding,
    seen: (sitter: Who, sighting: Sighting) => void,
  ) {
    this.#seen = seen;
    this.#findDevice = findDevice;
    this.#sessions = sessions;
    this.#standing = standing;
  }

  of(device: DeviceId): Seat | undefined {
    return this.#seats.get(device);
  }

  /** The seat a connection has or waits for; it is asked for once, when the connection ends. */
  leaving(sitter: Sitter): Seat | undefined {
    const seat = this.#bySitter.get(sitter);
    this.#bySitter.delete(sitter);
    return seat;
  }

  /** Undefined when the connection ended while it was judged. */
  async admit(sitter: Who, connect: ConnectPacket): Promise<Admission | Denial | undefined> {
    const { identity } = sitter;
    if (typeof identity === 'string') return unauthorized(identity);
    const { device } = identity;
    // User name and password are not looked at: the certificate has said who this is.
    if (connect.clientId !== device) return denial(returnCode.clientId, 'client-id');
    const profile = await this.#findDevice(device);
    if (!sitter.isLive) return undefined;
    const channels = channelsOf(identity, profile);
    if (typeof channels === 'string') return unauthorized(channels);
    const will = judgeWill(connect, channels);
    if (will !== undefined) return will;
    const look = lookOf(sitter, connect);
    if (await this.#isCloned(sitter, identity, look)) return unauthorized('certificate-cloned');
    if (!sitter.isLive) return undefined;
    const seat = this.#take(sitter, identity, look);
    if (seat === undefined) return unauthorized('client-id-taken');
    await seat.before;
    if (!sitter.isLive) return undefined;
    return {
      device,
      channels,
      exactlyOnce: this.#sessions.exactlyOnce(device, connect.isClean),
    };
  }

  /**
   * A live client id passes on to the same certificate only, or to the one issued in its place: any
   * other of the same name is a clone until somebody says otherwise, and the older connection stays.
   */
  #take(sitter: Who, identity: DeviceIdentity, look: Look): Seat | undefined {
    const { device, fingerprint } = identity;
    const holder = this.#seats.get(device);
    // A consumer that took the name of a device gives way to it.
    const isGivingWay = holder?.identity.isConsumer && !identity.isConsumer;
    if (
      holder?.sitter.isLive &&
      !isGivingWay &&
      !this.#mayFollow(fingerprint, holder.identity.fingerprint)
    )
      return undefined;
    const { promise: left, resolve } = Promise.withResolvers<void>();
    const leave = () => {
      if (this.#seats.get(device) === seat) this.#seats.delete(device);
      resolve();
    };
    const isFollowing = holder?.sitter.isLive === true && !isGivingWay;
    const home = isFollowing ? holder.home : look;
    const before = holder?.left ?? Promise.resolve();
    const seat = { sitter, identity, look, home, before, left, leave };
    this.#seats.set(device, seat);
    this.#bySitter.set(sitter, seat);
    if (isFollowing) {
      const isSameAddress = holder.look.address === look.address;
      const isOther = !isSameAddress || !isSameClient(holder.look, look);
      const wasAlive = isOther && performance.now() - holder.sitter.heardAt < aliveMs;
      this.#seen(sitter, { kind: 'taken-over', isSameAddress, wasAlive });
    }
    holder?.sitter.close('taken-over');
    return seat;
  }

  async #isCloned(
    sitter: Who,
    { device, fingerprint }: DeviceIdentity,
    look: Look,
  ): Promise<boolean> {
    const holderNow = () => {
      const seat = this.#seats.get(device);
      if (seat === undefined || !this.#mayFollow(fingerprint, seat.identity.fingerprint))
        return undefined;
      const { heardAt, isLive } = seat.sitter;
      return { ...seat, heardAt, isLive };
    };
    return isRival(look, holderNow, () => sitter.isLive);
  }

  #mayFollow(newer: string, older: string): boolean {
    return newer === older || this.#standing.succeeds(newer, older);
  }
}

/** The same program asks for the same each time; another one seldom does. */
function lookOf({ address, offered }: Sitter, connect: ConnectPacket): Look {
  const { isClean, keepAliveSeconds, will } = connect;
  const asked = `${isClean} ${keepAliveSeconds} ${will?.qos ?? '-'} ${will?.topic ?? ''}`;
  return { address, asked, offered };
}

/** What it may publish, and what that carries; or why it is not let in. A consumer only reads. */
function channelsOf(
  { device, isConsumer }: DeviceIdentity,
  profile: Awaited<ReturnType<FindDevice>>,
): ReadonlyMap<string, Channel> | string {
  if (isConsumer) return profile === undefined ? new Map() : 'client-id-taken';
  if (profile === 'quarantined') return profile;
  return profile?.link.kind === 'mqtt' ? publishChannels(profile, device) : 'not-registered';
}

/** A will speaks for a device that cannot any more, so it may only say how the device is. */
function judgeWill(
  { will }: ConnectPacket,
  channels: ReadonlyMap<string, Channel>,
): Denial | undefined {
  if (will === undefined) return undefined;
  const { topic, qos } = will;
  if (channels.get(topic) !== 'status') {
    const sighting = { kind: 'topic-refused', action: 'publish', topic } as const;
    return { returnCode: returnCode.unauthorized, sighting };
  }
  if (qos > 1) return unauthorized('will-qos');
  return undefined;
}

function unauthorized(cause: IdentityRefusal | string): Denial {
  return denial(returnCode.unauthorized, cause);
}

function denial(code: number, cause: string): Denial {
  return { returnCode: code, sighting: { kind: 'refused', cause } };
}
