import type { DeviceId } from '../core/device.ts';
import type { Instant } from '../core/observation.ts';
import type { Signal } from '../core/signal.ts';

/** A packet on its way from a client to a broker, as captured: one JSON object a line. */
export interface CapturedPacket {
  /** Seconds since the capture began. */
  readonly t: number;
  readonly src: string;
  /** `OPEN` and `CLOSE` of its TCP connection, or a control packet of MQTT. */
  readonly type: string;
  readonly bytes: Uint8Array;
}

export interface Capture {
  readonly packets: readonly CapturedPacket[];
  /** Lines that were no packet. */
  readonly unreadable: number;
}

/** A capture above it is cut: packets are judged, not kept. */
const packetsMax = 2_000_000;
const hexLengthMax = 600_000;

export function readCapture(text: string): Capture {
  const packets: CapturedPacket[] = [];
  let unreadable = 0;
  for (const line of text.split('\n')) {
    if (line.trim() === '' || packets.length >= packetsMax) continue;
    const packet = readPacket(line);
    if (packet) packets.push(packet);
    else unreadable += 1;
  }
  return { packets: packets.sort((one, other) => one.t - other.t), unreadable };
}

function readPacket(line: string): CapturedPacket | undefined {
  let said: unknown;
  try {
    said = JSON.parse(line);
  } catch {
    return undefined;
  }
  if (typeof said !== 'object' || said === null) return undefined;
  const { t, src, type, hex = '' } = said as Record<string, unknown>;
  const isPacket =
    typeof t === 'number' &&
    Number.isFinite(t) &&
    t >= 0 &&
    typeof src === 'string' &&
    typeof type === 'string' &&
    typeof hex === 'string' &&
    hex.length <= hexLengthMax &&
    /^(?:[0-9a-f]{2})*$/i.test(hex);
  return isPacket ? { t, src, type, bytes: Uint8Array.from(Buffer.from(hex, 'hex')) } : undefined;
}

/** Of a client’s topics, those of its first ten minutes are its own: the gateway knows them. */
const ownTopicsUntilS = 600;
const connectFlagsAt = 7;
const userNameFlag = 0x80;

/**
 * What this gateway would have seen of captured packets, by who sent them. Addresses only tell
 * clients apart; nothing of them is a feature. A CONNECT with a user name is refused here, and so is
 * a topic that is not the device’s own.
 */
export function signalsOf(
  packets: readonly CapturedPacket[],
  from: number,
  entropyOf: (bytes: Uint8Array) => number,
): ReadonlyMap<DeviceId, readonly Signal[]> {
  const seen = new Map<DeviceId, Signal[]>();
  const topics = new Map<string, Set<string>>();
  for (const { t, src, type, bytes } of packets) {
    const device = src as DeviceId;
    const origin = { device, at: Math.round(from + t * 1_000) as Instant };
    const own = topics.get(src) ?? new Set();
    topics.set(src, own);
    const signal = signalOf(type, bytes, t < ownTopicsUntilS, own, origin, entropyOf);
    if (!signal) continue;
    const others = seen.get(device);
    if (others) others.push(signal);
    else seen.set(device, [signal]);
  }
  return seen;
}

function signalOf(
  type: string,
  bytes: Uint8Array,
  isEnrolling: boolean,
  own: Set<string>,
  origin: { readonly device: DeviceId; readonly at: Instant },
  entropyOf: (bytes: Uint8Array) => number,
): Signal | undefined {
  switch (type) {
    case 'CONNECT': {
      const flags = bytes[bodyAt(bytes) + connectFlagsAt] ?? 0;
      const isNamed = (flags & userNameFlag) !== 0;
      return isNamed
        ? { kind: 'refused', cause: 'credentials', ...origin }
        : { kind: 'connected', ...origin };
    }
    case 'CLOSE':
      return { kind: 'disconnected', cause: 'ECONNRESET', ...origin };
    case 'PINGREQ':
      return { kind: 'pinged', count: 1, ...origin };
    case 'SUBSCRIBE':
      return { kind: 'subscribed', topic: '', filters: 1, reach: 1, ...origin };
    case 'PUBLISH': {
      const body = bodyAt(bytes);
      const topicEnd = body + 2 + ((bytes[body] ?? 0) << 8) + (bytes[body + 1] ?? 0);
      if (topicEnd > bytes.length) return { kind: 'protocol-violation', cause: 'cut', ...origin };
      const topic = Buffer.from(bytes.subarray(body + 2, topicEnd)).toString('latin1');
      if (isEnrolling) own.add(topic);
      else if (!own.has(topic))
        return { kind: 'topic-refused', action: 'publish', topic, ...origin };
      const payload = bytes.subarray(topicEnd + (((bytes[0] ?? 0) & 6) === 0 ? 0 : 2));
      const entropyBits = entropyOf(payload);
      const what = { channel: 'observations', bytes: payload.length, records: 1 } as const;
      return { kind: 'message', ...origin, ...what, entropyBits };
    }
    case 'OPEN':
    case 'DISCONNECT':
      return undefined;
    default:
      return { kind: 'protocol-violation', cause: type, ...origin };
  }
}

/** Behind the fixed header: a byte, and a length of one to four (MQTT-2.2.3). */
function bodyAt(bytes: Uint8Array): number {
  let at = 1;
  while (at < 4 && ((bytes[at] ?? 0) & 0x80) !== 0) at += 1;
  return at + 1;
}
