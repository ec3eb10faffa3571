import type { DeviceIdentity, IdentityRefusal } from '../access/device-identity.ts';
import { publishChannels } from '../access/topics.ts';
import type { DeviceId } from '../core/device.ts';
import type { DeviceProfile } from '../core/device-profile.ts';
import type { Channel } from '../core/intake.ts';
import { type Admission, type ConnectPacket, type Denial, returnCode } from './mqtt-connect.ts';
import type { MqttGuard } from './mqtt-guard.ts';
import type { MqttSessions } from './mqtt-sessions.ts';

/** The place of one client id. Only one connection has it at a time (MQTT-3.1.4-2). */
export interface Seat {
  readonly guard: MqttGuard;
  readonly identity: DeviceIdentity;
  /** Settles when the connection before it has left the seat, and the broker has let it go. */
  readonly before: Promise<void>;
  readonly left: Promise<void>;
  readonly leave: () => void;
}

export type FindDevice = (id: DeviceId) => Promise<DeviceProfile | undefined>;

/** Judges who may connect, and as whom. */
export class MqttSeats {
  readonly #seats = new Map<DeviceId, Seat>();
  readonly #byGuard = new Map<MqttGuard, Seat>();
  readonly #findDevice: FindDevice;
  readonly #sessions: MqttSessions;

  constructor(findDevice: FindDevice, sessions: MqttSessions) {
    this.#findDevice = findDevice;
    this.#sessions = sessions;
  }

  of(device: DeviceId): Seat | undefined {
    return this.#seats.get(device);
  }

  /** The seat a connection has or waits for; it is asked for once, when the connection ends. */
  leaving(guard: MqttGuard): Seat | undefined {
    const seat = this.#byGuard.get(guard);
    this.#byGuard.delete(guard);
    return seat;
  }

  /** Undefined when the connection ended while it was judged. */
  async admit(guard: MqttGuard, connect: ConnectPacket): Promise<Admission | Denial | undefined> {
    const { identity } = guard;
    if (typeof identity === 'string') return unauthorized(identity);
    const { device } = identity;
    // User name and password are not looked at: the certificate has said who this is.
    if (connect.clientId !== device) return denial(returnCode.clientId, 'client-id');
    const profile = await this.#findDevice(device);
    if (!guard.isLive) return undefined;
    if (profile?.link.kind !== 'mqtt') return unauthorized('not-registered');
    const channels = publishChannels(profile, device);
    const will = judgeWill(connect, channels);
    if (will !== undefined) return will;
    const seat = this.#take(guard, identity);
    if (seat === undefined) return unauthorized('client-id-taken');
    await seat.before;
    if (!guard.isLive) return undefined;
    return {
      device,
      channels,
      exactlyOnce: this.#sessions.exactlyOnce(device, connect.isClean),
    };
  }

  /**
   * A live client id passes on to the same certificate only: a second certificate of the same
   * name is a clone until somebody says otherwise, and the older connection stays.
   */
  #take(guard: MqttGuard, identity: DeviceIdentity): Seat | undefined {
    const { device, fingerprint } = identity;
    const holder = this.#seats.get(device);
    if (holder?.guard.isLive && holder.identity.fingerprint !== fingerprint) return undefined;
    const { promise: left, resolve } = Promise.withResolvers<void>();
    const leave = () => {
      if (this.#seats.get(device) === seat) this.#seats.delete(device);
      resolve();
    };
    const seat = { guard, identity, before: holder?.left ?? Promise.resolve(), left, leave };
    this.#seats.set(device, seat);
    this.#byGuard.set(guard, seat);
    holder?.guard.close('taken-over');
    return seat;
  }
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
