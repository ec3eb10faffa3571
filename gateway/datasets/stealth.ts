import type { DeviceId } from '../core/device.ts';
import type { Instant } from '../core/observation.ts';
import type { Random } from '../core/random.ts';
import type { Signal } from '../core/signal.ts';

type Message = Extract<Signal, { readonly kind: 'message' }>;

/** One event of an attack under a device's name, as the links see it. */
export type Deed = (
  origin: { readonly device: DeviceId; readonly at: Instant },
  own: readonly Message[],
  random: Random,
) => readonly Signal[];

/** Families of attack. Each is played at every rate, from loud to one event a minute. */
export const families = {
  /** More of what the device says itself. */
  inject: (origin, own, random) => [{ ...random.pick(own), ...origin }],
  /** Something else than it ever says. */
  foreign: (origin, own, random) => {
    const { channel, bytes } = random.pick(own);
    const size = Math.round(bytes * random.between(2, 5) + 40);
    return [{ kind: 'message', ...origin, channel, bytes: size, records: 1, entropyBits: 7.2 }];
  },
  /** What it said before, word by word. */
  replay: (origin, own, random) => [
    { ...random.pick(own), ...origin, records: 1 },
    { kind: 'rejected', ...origin, reason: 'duplicate', detail: '' },
  ],
  malformed: (origin, own, random) => [
    { ...random.pick(own), ...origin, records: 0 },
    { kind: 'rejected', ...origin, reason: 'malformed', detail: '' },
  ],
  credentials: (origin) => [{ kind: 'refused', ...origin, cause: 'certificate' }],
  protocol: (origin) => [{ kind: 'protocol-violation', ...origin, cause: 'MQTT-2.2.2-2' }],
  topics: (origin) => [
    { kind: 'topic-refused', ...origin, action: 'subscribe', topic: 'devices/#' },
  ],
  takeover: (origin) => [
    { kind: 'taken-over', ...origin, isSameAddress: false, wasAlive: true },
    { kind: 'connected', ...origin },
  ],
  slow: (origin) => [{ kind: 'limit', ...origin, limit: 'packet-time' }],
} as const satisfies Record<string, Deed>;

/** Events a second. */
export const stealthRates = [10, 1, 0.1, 1 / 60] as const;

export interface Attack {
  readonly deed: Deed;
  /** Events a second. */
  readonly rate: number;
  readonly from: number;
  readonly until: number;
}

/**
 * A device's own traffic with an attack among it. Events come at any time, so often on average. Who attacks
 * knows what the device said before.
 */
export function withAttack(
  own: readonly Signal[],
  device: DeviceId,
  { deed, rate, from, until }: Attack,
  random: Random,
): { readonly signals: readonly Signal[]; readonly beganAt: number } {
  const messages = own.filter(
    (signal): signal is Message =>
      signal.kind === 'message' && signal.channel !== 'alerts' && signal.at < from,
  );
  const gapMs = 1_000 / rate;
  const added: Signal[] = [];
  for (let at = from; at < until; at += gapMs * random.between(0.7, 1.3)) {
    added.push(...deed({ device, at: Math.round(at) as Instant }, messages, random));
  }
  const signals = [...own, ...added].sort((one, other) => one.at - other.at);
  return { signals, beganAt: added[0]?.at ?? until };
}
