import type { DeviceId } from '../core/device.ts';
import type { Channel, IntakeQueue } from '../core/intake.ts';
import type { Instant } from '../core/observation.ts';
import type { MqttLimits } from './mqtt-limits.ts';
import type { MqttOutput } from './mqtt-output.ts';
import { uint16 } from './mqtt-packet.ts';
import type { ExactlyOnce } from './mqtt-sessions.ts';
import type { Sighting } from './mqtt-sighting.ts';

const puback = 0x40;
const pubrec = 0x50;
const pubcomp = 0x70;

/** A publish that waits for its commit. */
interface Owed {
  /** First byte of the answer; 0 for QoS 0, which is owed none. */
  readonly answer: number;
  readonly packetId: number;
  readonly bytes: number;
  isKept: boolean;
}

export interface PublishOptions {
  readonly device: DeviceId;
  readonly channels: ReadonlyMap<string, Channel>;
  readonly intake: IntakeQueue;
  readonly now: () => Instant;
  readonly limits: MqttLimits;
  /** It outlives the connection when the session does. */
  readonly exactlyOnce: ExactlyOnce;
  readonly output: MqttOutput;
  /** The client left too much unread. */
  readonly overfull: () => void;
  /** The intake could not keep a publish. */
  readonly lost: () => void;
  /** Something was answered: there is room again. */
  readonly answered: () => void;
}

/**
 * What a device publishes goes from its socket straight to the intake: no client of this broker
 * may read it, so it needs nothing of a broker but the answer. The answer is a promise: it is
 * written after the commit, and in the order of the publishes (MQTT-4.6.0-2, MQTT-4.6.0-3).
 */
export class PublishPath {
  readonly #options: PublishOptions;
  /** A handful, compared byte by byte: no text is made for each message. */
  readonly #topics: readonly { readonly bytes: Buffer; readonly channel: Channel }[];
  readonly #owed: Owed[] = [];
  #owedBytes = 0;
  #isEnded = false;

  constructor(options: PublishOptions) {
    this.#options = options;
    this.#topics = [...options.channels].map(([topic, channel]) => ({
      bytes: Buffer.from(topic),
      channel,
    }));
  }

  /** True when no more should be read before something is answered. */
  get isFull(): boolean {
    const { inflightMax, inflightBytesMax } = this.#options.limits;
    return this.#owed.length >= inflightMax || this.#owedBytes >= inflightBytesMax;
  }

  /** True when enough was answered to read on; half, so that reading does not stop at every one. */
  get hasRoom(): boolean {
    const { inflightMax, inflightBytesMax } = this.#options.limits;
    return this.#owed.length <= inflightMax / 2 && this.#owedBytes <= inflightBytesMax / 2;
  }

  /**
   * Takes a PUBLISH that `inspectPacket` found in order, or says why it is refused.
   * The bytes offered are a view of what was received, not a copy.
   */
  publish(bytes: Buffer, first: number, body: number, end: number): Sighting | undefined {
    const { device, limits, exactlyOnce, intake, now } = this.#options;
    const topicEnd = body + 2 + uint16(bytes, body);
    const channel = this.#channelOf(bytes, body + 2, topicEnd);
    if (channel === undefined) {
      const topic = bytes.toString('utf8', body + 2, topicEnd);
      return { kind: 'topic-refused', action: 'publish', topic };
    }
    const qos = (first >> 1) & 3;
    if (qos === 0 && channel !== 'waveforms') return { kind: 'limit', limit: 'qos-0' };
    const payload = topicEnd + (qos === 0 ? 0 : 2);
    if (end - payload > limits.payloadBytesMax) return { kind: 'limit', limit: 'payload-bytes' };

    const packetId = qos === 0 ? 0 : uint16(bytes, topicEnd);
    const again = qos === 2 ? exactlyOnce.get(packetId) : undefined;
    if (qos === 2 && again === undefined && exactlyOnce.size >= limits.exactlyOnceMax)
      return { kind: 'limit', limit: 'exactly-once' };
    const answer = qos === 0 ? 0 : qos === 1 ? puback : pubrec;
    const owed = { answer, packetId, bytes: end - payload, isKept: false };
    this.#owe(owed);
    if (again?.isKept) {
      this.#kept(owed);
      return undefined;
    }
    const kept =
      again?.kept ??
      intake.offer({ device, channel, bytes: bytes.subarray(payload, end), receivedAt: now() });
    if (qos === 2 && again === undefined) this.#receive(packetId, kept);
    kept.then(() => this.#kept(owed), this.#lost);
    return undefined;
  }

  /** PUBREL ends a delivery of QoS 2; one of an id unknown here is answered too (MQTT-4.3.3-2). */
  release(packetId: number): Sighting | undefined {
    const { exactlyOnce } = this.#options;
    // Its PUBREC was not sent yet: the client cannot know that we have it.
    if (exactlyOnce.get(packetId)?.isKept === false)
      return { kind: 'protocol-violation', cause: 'MQTT-4.3.3-1' };
    exactlyOnce.delete(packetId);
    if (!this.#options.output.acknowledge(pubcomp, packetId)) this.#options.overfull();
    return undefined;
  }

  /** Nothing is answered any more. What was offered stays offered. */
  end(): void {
    this.#isEnded = true;
  }

  #channelOf(bytes: Buffer, from: number, end: number): Channel | undefined {
    for (const topic of this.#topics) if (isAt(bytes, from, end, topic.bytes)) return topic.channel;
    return undefined;
  }

  /** Counts from now on, and even if the connection ends: its session may come back. */
  #receive(packetId: number, kept: Promise<unknown>): void {
    const { exactlyOnce } = this.#options;
    const reception = { kept, isKept: false };
    exactlyOnce.set(packetId, reception);
    kept.then(
      () => (reception.isKept = true),
      () => exactlyOnce.delete(packetId),
    );
  }

  #owe(owed: Owed): void {
    this.#owed.push(owed);
    this.#owedBytes += owed.bytes;
  }

  #kept(owed: Owed): void {
    owed.isKept = true;
    this.#answer();
  }

  readonly #lost = (): void => {
    if (!this.#isEnded) this.#options.lost();
  };

  #answer(): void {
    for (let next = this.#owed[0]; next?.isKept; next = this.#owed[0]) {
      this.#owed.shift();
      this.#owedBytes -= next.bytes;
      if (this.#isEnded || next.answer === 0) continue;
      if (!this.#options.output.acknowledge(next.answer, next.packetId)) {
        this.#options.overfull();
        return;
      }
    }
    if (!this.#isEnded) this.#options.answered();
  }
}

/** True when what stands in `bytes` from `from` to `end` is `wanted`. */
function isAt(bytes: Buffer, from: number, end: number, wanted: Buffer): boolean {
  if (end - from !== wanted.length) return false;
  for (let index = 0; index < wanted.length; index++)
    if (bytes[from + index] !== wanted[index]) return false;
  return true;
}
