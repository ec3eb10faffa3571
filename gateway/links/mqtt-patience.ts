import type { MqttLimits } from './mqtt-limits.ts';

/** Where a connection stands: no CONNECT yet, its CONNECT is judged, admitted, ending. */
type Phase = 'waiting' | 'deciding' | 'open' | 'closing';

/** What a connection took too long for. */
type Excess = 'connect-time' | 'packet-time' | 'unread-time' | 'keep-alive' | 'close-time';

/**
 * How long one connection may take for what it does. Every time is of the monotonic clock, in
 * milliseconds.
 */
export class MqttPatience {
  readonly #limits: MqttLimits;
  #phase: Phase = 'waiting';
  #phaseSince = performance.now();
  #keepAliveMs: number;
  /** When bytes last arrived: read once for all packets they hold. */
  #arrivedAt = this.#phaseSince;
  /** When the last packet ended. */
  #heardAt = this.#phaseSince;
  #begunAt: number | undefined;
  #unreadSince: number | undefined;

  constructor(limits: MqttLimits) {
    this.#limits = limits;
    this.#keepAliveMs = limits.silenceMs;
  }

  get phase(): Phase {
    return this.#phase;
  }

  /** When the last packet ended. */
  get heardAt(): number {
    return this.#heardAt;
  }

  enter(phase: Phase): void {
    this.#phase = phase;
    this.#phaseSince = performance.now();
  }

  /** MQTT-3.1.2-24: one and a half times what the client promised; 0 promises nothing. */
  promise(keepAliveSeconds: number): void {
    if (keepAliveSeconds > 0)
      this.#keepAliveMs = Math.min(keepAliveSeconds * 1_500, this.#limits.silenceMs);
  }

  /** Bytes are here, of any packet. */
  arrived(): void {
    this.#arrivedAt = performance.now();
  }

  /** A whole packet is read. */
  heard(): void {
    this.#heardAt = this.#arrivedAt;
    this.#begunAt = undefined;
  }

  /** All that arrived is read, and it ends within a packet or between two. */
  ended(isPartial: boolean): void {
    if (isPartial) this.#begunAt ??= this.#arrivedAt;
    else this.#begunAt = undefined;
  }

  /** The time a connection was not read does not count against it. */
  readAgain(): void {
    this.#arrivedAt = performance.now();
    this.#heardAt = this.#arrivedAt;
    if (this.#begunAt !== undefined) this.#begunAt = this.#arrivedAt;
  }

  /** The socket cannot send what the client is owed. */
  blocked(): void {
    this.#unreadSince ??= performance.now();
  }

  drained(): void {
    this.#unreadSince = undefined;
  }

  /** The limit that is passed at this time. Whose socket is not read cannot be heard. */
  excess(at: number, isRead: boolean): Excess | undefined {
    const { connectMs, closeMs, unreadMs, packetMs } = this.#limits;
    const phaseMs = at - this.#phaseSince;
    if (this.#phase === 'closing') return phaseMs > closeMs ? 'close-time' : undefined;
    if (this.#phase !== 'open') return phaseMs > connectMs ? 'connect-time' : undefined;
    if (this.#unreadSince !== undefined && at - this.#unreadSince > unreadMs) return 'unread-time';
    if (!isRead) return undefined;
    if (this.#begunAt !== undefined && at - this.#begunAt > packetMs) return 'packet-time';
    return at - this.#heardAt > this.#keepAliveMs ? 'keep-alive' : undefined;
  }
}
