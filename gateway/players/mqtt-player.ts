import { setTimeout as delay } from 'node:timers/promises';
import { connectMqtt, type MqttConnection } from '../clients/mqtt-client.ts';
import type { DeviceProfile } from '../core/device-profile.ts';
import { GatewayError } from '../core/error.ts';
import type { Channel } from '../core/intake.ts';
import type { Instant } from '../core/observation.ts';
import type { SimulatedWrite } from '../core/simulator.ts';

export interface MqttPlay {
  readonly device: string;
  readonly profile: DeviceProfile;
  readonly gateway: { readonly host: string; readonly port: number };
  /** PEM: the device's key and chain, and the authority it knows the gateway by. */
  readonly tls: {
    readonly key: string | Buffer;
    readonly cert: string | Buffer;
    readonly ca: string | Buffer;
  };
  /** What the device says at each moment. */
  readonly say: (sequence: number, at: Instant) => readonly SimulatedWrite[];
  /** Moments a second. */
  readonly rateHz: number;
  /** Ends after this many moments; until aborted when left out. */
  readonly count?: number | undefined;
  readonly signal: AbortSignal;
  readonly now: () => Instant;
  /** Whether the plug is pulled after this moment. */
  readonly isUnplugged?: (sequence: number) => boolean;
  /** Told once the gateway promised to keep the writes of a moment that need a promise. */
  readonly onAcknowledged?: (sequence: number, at: Instant) => void;
}

export interface Played {
  readonly sent: number;
  readonly acknowledged: number;
}

const connectTimeoutMs = 10_000;
const reconnectMs = 500;
const keepAliveSeconds = 60;

/**
 * Plays a device over real mutual TLS: one CONNECT, QoS 1 for all but waveforms. It keeps what is
 * not acknowledged and sends it again after a reconnect, as a real device with a memory does.
 */
export async function playMqtt(play: MqttPlay): Promise<Played> {
  const client = await open(play);
  let sent = 0;
  let acknowledged = 0;
  const owed = new Set<Promise<void>>();
  const started = play.now();

  while (!play.signal.aborted && sent < (play.count ?? Number.POSITIVE_INFINITY)) {
    sent += 1;
    const sequence = sent;
    const at = play.now();
    const promise = publishAll(client, play, play.say(sequence, at)).then(
      () => {
        acknowledged += 1;
        play.onAcknowledged?.(sequence, at);
      },
      () => {
        // Not acknowledged: nothing was promised.
      },
    );
    owed.add(promise);
    void promise.finally(() => owed.delete(promise));
    if (play.isUnplugged?.(sequence)) client.cut();
    await pause(started + (sent * 1_000) / play.rateHz - play.now(), play.signal);
  }
  await Promise.race([Promise.all(owed), delay(connectTimeoutMs, undefined, { ref: false })]);
  await client.close();
  return { sent, acknowledged };
}

/** The first connection must succeed; later ones come back by themselves. */
async function open({ device, gateway, tls }: MqttPlay): Promise<MqttConnection> {
  const { key, cert: certificate, ca } = tls;
  try {
    return await connectMqtt({
      ...gateway,
      clientId: device,
      tls: { key, certificate, ca },
      connectMs: connectTimeoutMs,
      keepAliveSeconds,
      reconnectMs,
    });
  } catch (cause) {
    const { host, port } = gateway;
    throw new GatewayError('gateway-unreachable', `${host}:${port}: ${String(cause)}`, { cause });
  }
}

async function publishAll(
  client: MqttConnection,
  { profile, device }: MqttPlay,
  writes: readonly SimulatedWrite[],
): Promise<void> {
  await Promise.all(
    writes.map(({ channel, bytes }) =>
      client.publish(
        topicOf(profile, device, channel),
        Buffer.from(bytes),
        channel === 'waveforms' ? 0 : 1,
      ),
    ),
  );
}

function topicOf({ id, link }: DeviceProfile, device: string, channel: Channel): string {
  if (link.kind !== 'mqtt' || channel === 'line') throw new RangeError(`${id} has no ${channel}`);
  return link.topics[channel].replace('{id}', device);
}

async function pause(durationMs: number, signal: AbortSignal): Promise<void> {
  if (durationMs <= 0) return;
  try {
    await delay(durationMs, undefined, { signal });
  } catch {
    // Aborted: the loop looks.
  }
}
