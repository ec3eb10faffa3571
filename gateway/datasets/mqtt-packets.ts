import type { DeviceId } from '../core/device.ts';
import type { Instant } from '../core/observation.ts';
import type { Signal } from '../core/signal.ts';

/** A packet on its way from a client to a broker, as captured: one JSON object a line. */
export interface CapturedPacket {
  /** Seconds since the capture began. */
  readonly t: number;
  readonly src: string;
  /** Which connection of the capture it belongs to, where that is told. */
  readonly conn: number;
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
  const { t, src, conn = 0, type, hex = '' } = said as Record<string, unknown>;
  const isPacket =
    typeof t === 'number' &&
    Number.isFinite(t) &&
    t >= 0 &&
    typeof src === 'string' &&
    typeof conn === 'number' &&
    typeof type === 'string' &&
    typeof hex === 'string' &&
    hex.length <= hexLengthMax &&
    /^(?:[0-9a-f]{2})*$/i.test(hex);
  return isPacket
    ? { t, src, conn, type, bytes: Uint8Array.from(Buffer.from(hex, 'hex')) }
    : undefined;
}

/** Client ids, topics and filters of a client’s first ten minutes are its own: the gateway knows them. */
const ownUntilS = 600;
/** Of each so many are remembered of a client. */
const ownMax = 256;

/** What is a client’s own, as the gateway knows it of a device. */
export interface Client {
  readonly clientIds: Set<string>;
  readonly topics: Set<string>;
  readonly filters: Set<string>;
  /** Connections that were let in and have not ended. */
  readonly open: Set<number>;
}

/** How a packet is looked into: what breaks the standard, and how disordered a payload is. */
export interface Inspection {
  readonly violationOf: (bytes: Uint8Array) => string | undefined;
  readonly entropyOf: (bytes: Uint8Array) => number;
}

interface Origin {
  readonly device: DeviceId;
  readonly at: Instant;
}

export interface Seen {
  readonly signals: readonly Signal[];
  readonly client: Client;
}

/**
 * What this gateway would have seen of captured packets, by who sent them. Addresses only tell clients
 * apart; nothing of them is a feature.
 */
export function signalsOf(
  packets: readonly CapturedPacket[],
  from: number,
  inspection: Inspection,
): ReadonlyMap<DeviceId, Seen> {
  const seen = new Map<DeviceId, { readonly signals: Signal[]; readonly client: Client }>();
  for (const packet of packets) {
    const device = packet.src as DeviceId;
    const known = seen.get(device);
    const one = known ?? { signals: [], client: startClient() };
    if (!known) seen.set(device, one);
    const origin = { device, at: Math.round(from + packet.t * 1_000) as Instant };
    makeOwn(one.client, packet);
    const signal = signalOf(packet, one.client, origin, inspection);
    if (signal) one.signals.push(signal);
  }
  return seen;
}

export function startClient(): Client {
  return { clientIds: new Set(), topics: new Set(), filters: new Set(), open: new Set() };
}

function makeOwn(client: Client, { t, type, bytes }: CapturedPacket): void {
  const { clientIds, topics, filters } = client;
  const isFirst = clientIds.size === 0 && type === 'CONNECT';
  if (t >= ownUntilS && !isFirst) return;
  const own = new Map(Object.entries({ CONNECT: clientIds, PUBLISH: topics, SUBSCRIBE: filters }));
  const name = nameIn(type, bytes);
  const names = own.get(type);
  if (names !== undefined && name !== undefined && names.size < ownMax) names.add(name);
}

/** The client id of a CONNECT, the topic of a PUBLISH, the first filter of a SUBSCRIBE. */
function nameIn(type: string, bytes: Uint8Array): string | undefined {
  return textAt(bytes, bodyAt(bytes) + (nameAt[type] ?? 0));
}

/**
 * What this gateway would see if such a packet came under the name of that client: a CONNECT with
 * another client id is refused, and so is a topic or a filter that is not its own. User names are not looked at.
 */
export function signalOf(
  { type, conn, bytes }: CapturedPacket,
  client: Client,
  origin: Origin,
  { violationOf, entropyOf }: Inspection,
): Signal | undefined {
  if (type === 'OPEN' || type === 'DISCONNECT') return undefined;
  if (type === 'CLOSE') {
    // Whoever was not let in cannot leave.
    if (!client.open.delete(conn)) return undefined;
    return { kind: 'disconnected', cause: 'ECONNRESET', ...origin };
  }
  const cause = bytes.length === 0 ? undefined : violationOf(bytes);
  if (cause !== undefined) return { kind: 'protocol-violation', cause, ...origin };
  switch (type) {
    case 'CONNECT': {
      if (!client.clientIds.has(nameIn(type, bytes) ?? ''))
        return { kind: 'refused', cause: 'client-id', ...origin };
      if (client.open.size < connectionsMax) client.open.add(conn);
      return { kind: 'connected', ...origin };
    }
    case 'PINGREQ':
      return { kind: 'pinged', count: 1, ...origin };
    case 'SUBSCRIBE': {
      const topic = nameIn(type, bytes);
      if (topic === undefined) return { kind: 'protocol-violation', cause: 'cut', ...origin };
      if (!client.filters.has(topic))
        return { kind: 'topic-refused', action: 'subscribe', topic, ...origin };
      return { kind: 'subscribed', topic, filters: 1, reach: 1, ...origin };
    }
    case 'PUBLISH': {
      const topic = nameIn(type, bytes);
      if (topic === undefined) return { kind: 'protocol-violation', cause: 'cut', ...origin };
      if (!client.topics.has(topic))
        return { kind: 'topic-refused', action: 'publish', topic, ...origin };
      const payload = payloadOf(bytes, bodyAt(bytes));
      const entropyBits = entropyOf(payload);
      const what = { channel: 'observations', bytes: payload.length, records: 1 } as const;
      return { kind: 'message', ...origin, ...what, entropyBits };
    }
    default:
      if (quiet.has(type) && bytes.length > 0) return undefined;
      return { kind: 'protocol-violation', cause: type, ...origin };
  }
}

/** What a client may say, and nobody counts. */
const quiet = new Set(['PUBACK', 'PUBREC', 'PUBREL', 'PUBCOMP', 'UNSUBSCRIBE']);
/** Connections of one client that are remembered. */
const connectionsMax = 1_024;

/** Behind the topic, and the packet id where there is one. */
function payloadOf(bytes: Uint8Array, body: number): Uint8Array {
  const topicEnd = body + 2 + ((bytes[body] ?? 0) << 8) + (bytes[body + 1] ?? 0);
  return bytes.subarray(topicEnd + (((bytes[0] ?? 0) & 6) === 0 ? 0 : 2));
}

/** In a CONNECT behind protocol name, level, flags and keep-alive; in a SUBSCRIBE behind the packet id. */
const nameAt: Readonly<Record<string, number>> = { CONNECT: 10, SUBSCRIBE: 2 };

function textAt(bytes: Uint8Array, at: number): string | undefined {
  const end = at + 2 + ((bytes[at] ?? 0) << 8) + (bytes[at + 1] ?? 0);
  if (end > bytes.length) return undefined;
  return Buffer.from(bytes.subarray(at + 2, end)).toString('latin1');
}

/** Behind the fixed header: a byte, and a length of one to four (MQTT-2.2.3). */
function bodyAt(bytes: Uint8Array): number {
  let at = 1;
  while (at < 4 && ((bytes[at] ?? 0) & 0x80) !== 0) at += 1;
  return at + 1;
}
