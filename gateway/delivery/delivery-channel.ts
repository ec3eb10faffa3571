import { setTimeout as delay } from 'node:timers/promises';
import { GatewayError } from '../core/error.ts';
import type { Log } from '../core/event.ts';
import {
  type Channel,
  type Delivery,
  type OutboxEntry,
  type OutboxPage,
  type Portion,
  probeAfterMs,
  type RelayConnection,
} from '../core/relay.ts';
import type { KeeperCalls } from '../keeper/keeper-thread.ts';
import { type DeliveryStream, startStreams } from './delivery-stream.ts';

/** Without a wake-up the outbox is looked at this often: another process may have filled it. */
const idlePollMs = 1_000;
const retryMinMs = 250;
/** An alert is not kept waiting for a hospital that is back, nor by how long it asks us to wait. */
const retryMsMax = { alerts: 2_000, data: 30_000 } as const satisfies Record<Channel, number>;
const askedMsMax = { alerts: 5_000, data: 300_000 } as const satisfies Record<Channel, number>;
/** A batch that takes longer is too large, for live data waits as long; below it, it may grow. */
const batchMsMax = 1_000;
const growMsMax = 400;
/** Where every answer is slow, small batches do not make it faster. */
const slowCountMin = 25;
/** Stored bytes of a batch. */
const batchBytesMax = 524_288;

/** What a forwarder needs of the outbox. */
export interface OutboxPort {
  next(relay: string, portion: Portion): Promise<OutboxPage>;
  delivered(...given: Parameters<KeeperCalls['delivered']>): Promise<void>;
  setAside(...given: Parameters<KeeperCalls['setAside']>): Promise<void>;
}

export interface ChannelOptions {
  readonly relay: string;
  readonly channel: Channel;
  readonly batchMax: number;
  /** Entries of the backlog that may leave in a second. */
  readonly backlogPerSecondMax: number;
  readonly connection: RelayConnection;
  readonly outbox: OutboxPort;
  readonly log: Log;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  /** Of the clock nobody sets. */
  readonly monotonicMs: () => number;
  /** A number in [0, 1). */
  readonly chance: () => number;
  /** Nothing could be brought to it, and why: a code. */
  readonly onDown: (cause: string) => void;
  /** The destination answers again. */
  readonly onRecovered: () => void;
  /** A fault of ours ended the channel. */
  readonly onFault: (error: unknown) => void;
}

/**
 * One line to a destination, with one batch under way at a time. A row leaves the outbox only when
 * its own delivery is known; what is not known is sent again; what is refused is narrowed down to
 * the one entry, set aside with its cause, and blocks nobody.
 */
export class DeliveryChannel {
  readonly #options: ChannelOptions;
  readonly #streams: readonly DeliveryStream[];
  readonly #stop = new AbortController();
  readonly #ended: Promise<void>;
  #isWoken = false;
  #endSleep: () => void = () => undefined;
  #backOffEnds = new AbortController();
  #countMax: number;
  #failures = 0;
  #heardAtMs: number;
  /** Whether anybody is there, asked and not answered yet. */
  #question: Promise<Delivery> | undefined;

  constructor(options: ChannelOptions) {
    this.#options = options;
    this.#countMax = options.batchMax;
    this.#heardAtMs = options.monotonicMs();
    this.#streams = startStreams(options);
    this.#ended = this.#run().catch(options.onFault);
  }

  /** Something new may wait. */
  wake(): void {
    this.#isWoken = true;
    this.#endSleep();
  }

  /** The destination was heard on another line: no use in waiting any longer. */
  tryNow(): void {
    this.#backOffEnds.abort();
  }

  /** Ends after what is under way has its answer. */
  async close(): Promise<void> {
    this.#stop.abort();
    this.#endSleep();
    this.#options.connection.close();
    await this.#ended;
  }

  async #run(): Promise<void> {
    while (!this.#stop.signal.aborted) {
      try {
        if (!(await this.#turn())) await this.#rest();
      } catch (error) {
        // The store is full or locked for now. What was sent is sent again: it carries its ids.
        if (!(error instanceof GatewayError)) throw error;
        for (const stream of this.#streams) stream.forget();
        await this.#backOff(error.code);
      }
    }
  }

  /** Each stream sends one batch, the first one first. False when nothing is to be sent. */
  async #turn(): Promise<boolean> {
    let isBusy = false;
    for (const stream of this.#streams) {
      if (this.#stop.signal.aborted) break;
      const entries = await stream.next(this.#countMax, batchBytesMax);
      if (entries.length === 0) continue;
      isBusy = true;
      if (!(await this.#send(stream, entries))) break;
    }
    return isBusy;
  }

  /** False when the destination has to be waited for. */
  async #send(stream: DeliveryStream, entries: readonly OutboxEntry[]): Promise<boolean> {
    const { connection, monotonicMs } = this.#options;
    const sentAtMs = monotonicMs();
    // What is sent tells more than the answer to a question, and does not wait for it.
    this.#question = undefined;
    const delivery = await connection.send(entries);
    this.#heardAtMs = monotonicMs();
    const tookMs = this.#heardAtMs - sentAtMs;
    const judged = entries.slice(0, delivery.entryCount);
    switch (delivery.outcome) {
      case 'delivered':
        this.#recovered();
        await this.#delivered(stream, judged);
        this.#fit(judged.length, tookMs);
        return true;
      case 'refused':
        await this.#refused(stream, judged, delivery.cause);
        return true;
      case 'unknown':
        await this.#backOff(delivery.cause);
        return false;
      case 'retry':
        await this.#backOff(delivery.cause, delivery.afterMs);
        return false;
    }
  }

  #recovered(): void {
    if (this.#failures === 0) return;
    const { relay, channel, log, onRecovered } = this.#options;
    log('relay.up', { relay, channel });
    this.#failures = 0;
    onRecovered();
  }

  async #delivered(stream: DeliveryStream, entries: readonly OutboxEntry[]): Promise<void> {
    const { relay, outbox } = this.#options;
    const names = entries.map(({ lane, sequence }) => ({ lane, sequence }));
    await outbox.delivered(relay, names);
    stream.settled(entries);
  }

  async #refused(
    stream: DeliveryStream,
    entries: readonly OutboxEntry[],
    cause: string,
  ): Promise<void> {
    const { relay, outbox, log, now } = this.#options;
    const [first] = entries;
    if (entries.length > 1 || !first) return stream.suspect(entries);
    log('relay.refused', { relay, cause });
    const { lane, sequence } = first;
    await outbox.setAside(relay, { lane, sequence }, cause, now());
    // Of what else was suspected, nothing is known any more.
    stream.forget();
  }

  /** As many entries as the destination takes in a moment. */
  #fit(count: number, tookMs: number): void {
    const { batchMax } = this.#options;
    if (tookMs > batchMsMax) {
      this.#countMax = Math.max(Math.ceil(count / 2), Math.min(slowCountMin, batchMax));
    } else if (tookMs < growMsMax && count >= this.#countMax) {
      this.#countMax = Math.min(this.#countMax * 2, batchMax);
    }
  }

  /**
   * Doubling, of that a random half to the whole, so that a hospital that returns is not met by
   * everybody at once.
   */
  async #backOff(cause: string, afterMs = 0): Promise<void> {
    const { relay, channel, log, chance, onDown } = this.#options;
    onDown(cause);
    if (this.#failures === 0) log('relay.down', { relay, channel, cause });
    const ceilingMs = Math.min(retryMinMs * 2 ** this.#failures, retryMsMax[channel]);
    this.#failures += 1;
    // One entry asks whether it is back: a whole batch would be made for nothing.
    this.#countMax = 1;
    const askedMs = Math.min(afterMs, askedMsMax[channel]);
    const waitMs = Math.max(askedMs, ceilingMs * (0.5 + 0.5 * chance()));
    this.#backOffEnds = new AbortController();
    const isAsked = askedMs > 0;
    const ends = isAsked ? [this.#stop.signal] : [this.#stop.signal, this.#backOffEnds.signal];
    await wait(waitMs, AbortSignal.any(ends));
  }

  /** Nothing is to be sent. Is anybody there? Until answered, woken, stopped, or it is time to look. */
  async #rest(): Promise<void> {
    const { connection, monotonicMs } = this.#options;
    if (monotonicMs() - this.#heardAtMs >= probeAfterMs) this.#question ??= connection.probe?.();
    const dueMs = Math.min(...this.#streams.map((stream) => stream.dueInMs()), idlePollMs);
    const over = Promise.withResolvers<void>();
    this.#endSleep = over.resolve;
    const timer = setTimeout(over.resolve, dueMs);
    if (this.#isWoken || this.#stop.signal.aborted) over.resolve();
    const answer = await Promise.race([over.promise, this.#question ?? over.promise]);
    clearTimeout(timer);
    this.#isWoken = false;
    if (!answer || this.#stop.signal.aborted) return;
    this.#question = undefined;
    this.#heardAtMs = monotonicMs();
    if (answer.outcome === 'delivered') this.#recovered();
    else await this.#backOff(answer.cause);
  }
}

async function wait(durationMs: number, signal: AbortSignal): Promise<void> {
  try {
    await delay(durationMs, undefined, { signal });
  } catch {
    // Stopped, or the destination was heard: the caller looks.
  }
}
