import type { Packet } from './recording.ts';

/** One source of the recording, as a device of the gateway that it is replayed to. */
export interface ReplayDevice {
  readonly id: string;
  readonly src: string;
  /** The most messages of one second of its ordinary traffic, and its longest silence in seconds. */
  readonly perSecondMax: number;
  readonly silenceMax: number;
}

/** What its maker would have said of a source that has no ordinary traffic here. */
const unknown = { perSecondMax: 1, silenceMax: 300 };

/** The sources of all recordings; what is ordinary of each is read from `ordinary`. */
export function devicesOf(
  all: readonly Packet[],
  ordinary: readonly Packet[],
): ReadonlyMap<string, ReplayDevice> {
  const times = Map.groupBy(
    ordinary.filter(({ type }) => type === 'PUBLISH'),
    ({ src }) => src,
  );
  return new Map(
    [...new Set(all.map(({ src }) => src))].map((src, index) => {
      const said = times.get(src)?.map(({ t }) => t);
      return [src, { id: `replay-${index + 1}`, src, ...(said ? habitOf(said) : unknown) }];
    }),
  );
}

function habitOf(times: readonly number[]): typeof unknown {
  const seconds = Map.groupBy(times, Math.floor);
  const largest = (max: number, one: number) => Math.max(max, one);
  const perSecondMax = [...seconds.values()].map(({ length }) => length).reduce(largest, 0);
  const gaps = times.slice(1).map((t, index) => t - (times[index] ?? t));
  return { perSecondMax, silenceMax: gaps.reduce(largest, 0) };
}

/**
 * Says the packets of one source in the words of this gateway. It knows devices by their certificates and
 * takes what the profile names, so the client id, the topic, the filter and the payload that a source uses
 * first become the device’s own; whatever differs from those, and a filter with wildcards, is said as it
 * was recorded. When, how often, in which order and over which connection is kept.
 */
export function translator(device: string): (packet: Packet) => Buffer {
  let clientId: string | undefined;
  let ownTopic: string | undefined;
  let ownFilter: string | undefined;
  let messages = 0;
  return ({ type, bytes }) => {
    if (bytes.length < 2) return bytes;
    const body = bodyAt(bytes);
    if (type === 'CONNECT') {
      const at = body + 10;
      const said = textAt(bytes, at);
      if (said === undefined || said === '') return bytes;
      clientId ??= said;
      return said === clientId ? replaced(bytes, body, at, device) : bytes;
    }
    if (type === 'SUBSCRIBE') {
      const at = body + 2;
      const said = textAt(bytes, at);
      if (said === undefined || isGreedy(said)) return bytes;
      ownFilter ??= said;
      if (said !== ownFilter) return bytes;
      return replaced(bytes, body, at, `devices/${device}/commands/#`);
    }
    if (type !== 'PUBLISH') return bytes;
    const said = textAt(bytes, body);
    if (said === undefined || said === '') return bytes;
    ownTopic ??= said;
    if (said !== ownTopic) return bytes;
    messages += 1;
    return publish(bytes[0] ?? 0, bytes, body, device, messages);
  };
}

/** Asks for what others say, or for the broker’s own topics. */
function isGreedy(filter: string): boolean {
  return /[#+]|^\$/.test(filter);
}

/** By the quality of service of the recording: what is sent without one goes where this may be. */
function publish(first: number, bytes: Buffer, body: number, device: string, message: number) {
  const qos = (first >> 1) & 3;
  const topic = `devices/${device}/${qos === 0 ? 'waveforms' : 'observations'}`;
  const idAt = body + 2 + bytes.readUInt16BE(body);
  const packetId = qos === 0 ? Buffer.alloc(0) : bytes.subarray(idAt, idAt + 2);
  // A value that moves as a body does: this is about the traffic, not about what it says.
  const value = Math.round(72 + 6 * Math.sin(message / 20) + ((message * 7_919) % 5) / 2);
  const payload = JSON.stringify({ seq: message, values: { MDC_ECG_HEART_RATE: value } });
  return framed(first & ~1, Buffer.concat([text(topic), packetId, Buffer.from(payload)]));
}

function replaced(bytes: Buffer, body: number, at: number, by: string): Buffer {
  const after = at + 2 + bytes.readUInt16BE(at);
  const parts = [bytes.subarray(body, at), text(by), bytes.subarray(after)];
  return framed(bytes[0] ?? 0, Buffer.concat(parts));
}

/** Where the variable header begins (MQTT 3.1.1, 2.2.3). */
function bodyAt(bytes: Buffer): number {
  let at = 1;
  while (at < 5 && ((bytes[at] ?? 0) & 0x80) !== 0) at += 1;
  return at + 1;
}

/** Undefined where no whole text stands: a packet that is broken is said as it is. */
function textAt(bytes: Buffer, at: number): string | undefined {
  if (at + 2 > bytes.length) return undefined;
  const end = at + 2 + bytes.readUInt16BE(at);
  return end <= bytes.length ? bytes.toString('utf8', at + 2, end) : undefined;
}

export function text(value: string): Buffer {
  const bytes = Buffer.from(value);
  const length = Buffer.alloc(2);
  length.writeUInt16BE(bytes.length);
  return Buffer.concat([length, bytes]);
}

export function framed(first: number, body: Buffer): Buffer {
  const length: number[] = [];
  let rest = body.length;
  do {
    length.push((rest % 128) | (rest >= 128 ? 0x80 : 0));
    rest = Math.floor(rest / 128);
  } while (rest > 0);
  return Buffer.concat([Buffer.of(first, ...length), body]);
}
