import { setTimeout as delay } from 'node:timers/promises';
import { GatewayError } from './core/error.ts';
import type { Log } from './core/event.ts';
import type { Delivery, OutboxEntry, RelayConnection } from './core/relay.ts';
import type { KeeperCalls } from './keeper-thread.ts';

/** Without a wake-up the outbox is looked at this often: another process may have filled it. */
const idlePollMs = 1_000;
const retryMinMs = 250;
const retryMaxMs = 30_000;

/** What a forwarder needs of the outbox. */
export interface OutboxPort {
  next(...given: Parameters<KeeperCalls['next']>): Promise<readonly OutboxEntry[]>;
  delivered(...given: Parameters<KeeperCalls['delivered']>): Promise<void>;
  setAside(...given: Parameters<KeeperCalls['setAside']>): Promise<void>;
}

export interface ForwarderOptions {
  readonly relay: string;
  readonly batchMax: number;
  readonly connection: RelayConnection;
  readonly outbox: OutboxPort;
  readonly log: Log;
  readonly now: () => number;
  /** A number in [0, 1). */
  readonly chance: () => number;
  /** A fault of ours ended the forwarder. */
  readonly onFault: (error: unknown) => void;
}

export interface Forwarder {
  /** Something new may wait. */
  wake(): void;
  /** Ends after what is under way has its answer. */
  close(): Promise<void>;
}

/**
 * Brings one destination what it is owed, in order. A row leaves the outbox only when its own
 * delivery is known; what is not known is sent again; what is refused is narrowed down to the one
 * entry, set aside with its cause, and blocks nobody.
 */
export function startForwarder(options: ForwarderOptions): Forwarder {
  const forwarder = new RunningForwarder(options);
  return { wake: () => forwarder.wake(), close: () => forwarder.close() };
}

class RunningForwarder {
  readonly #options: ForwarderOptions;
  readonly #stop = new AbortController();
  readonly #ended: Promise<void>;
  #isWoken = false;
  #endSleep: () => void = () => undefined;
  #countMax: number;
  #failures = 0;

  constructor(options: ForwarderOptions) {
    this.#options = options;
    this.#countMax = options.batchMax;
    this.#ended = this.#run().catch(options.onFault);
  }

  wake(): void {
    this.#isWoken = true;
    this.#endSleep();
  }

  async close(): Promise<void> {
    this.#stop.abort();
    this.#endSleep();
    this.#options.connection.close();
    await this.#ended;
  }

  async #run(): Promise<void> {
    const { relay, outbox, connection } = this.#options;
    while (!this.#stop.signal.aborted) {
      try {
        const entries = await outbox.next(relay, this.#countMax);
        if (entries.length === 0) await this.#sleep();
        else await this.#settle(entries, await connection.send(entries));
      } catch (error) {
        // The store is full or locked for now. What was sent is sent again: it carries its ids.
        if (!(error instanceof GatewayError)) throw error;
        await this.#backOff(error.code);
      }
    }
  }

  async #settle(entries: readonly OutboxEntry[], delivery: Delivery): Promise<void> {
    const { relay, outbox, log, batchMax, now } = this.#options;
    switch (delivery.outcome) {
      case 'delivered':
        if (this.#failures > 0) log('relay.up', { relay });
        this.#failures = 0;
        this.#countMax = Math.min(this.#countMax * 2, batchMax);
        return outbox.delivered(relay, entries.slice(0, delivery.entryCount));
      case 'refused': {
        const [first] = entries;
        if (entries.length > 1 || !first) {
          // Half of it, and half of that: until the one that is refused stands alone.
          this.#countMax = Math.ceil(entries.length / 2);
          return;
        }
        log('relay.refused', { relay, cause: delivery.cause });
        return outbox.setAside(relay, first, delivery.cause, now());
      }
      case 'unknown':
        return this.#backOff(delivery.cause);
      case 'retry':
        return this.#backOff(delivery.cause, delivery.afterMs);
    }
  }

  /**
   * Doubling, of that a random half to the whole, so that a hospital that returns is not met by
   * everybody at once.
   */
  async #backOff(cause: string, afterMs = 0): Promise<void> {
    const { relay, log, chance } = this.#options;
    if (this.#failures === 0) log('relay.down', { relay, cause });
    const ceiling = Math.min(retryMinMs * 2 ** this.#failures, retryMaxMs);
    this.#failures += 1;
    // One entry asks whether it is back: a whole batch would be made for nothing.
    this.#countMax = 1;
    await wait(Math.max(afterMs, ceiling * (0.5 + 0.5 * chance())), this.#stop.signal);
  }

  /** Until woken, stopped, or it is time to look all the same. */
  async #sleep(): Promise<void> {
    const over = Promise.withResolvers<void>();
    this.#endSleep = over.resolve;
    const timer = setTimeout(over.resolve, idlePollMs);
    if (this.#isWoken || this.#stop.signal.aborted) over.resolve();
    await over.promise;
    clearTimeout(timer);
    this.#isWoken = false;
  }
}

async function wait(durationMs: number, signal: AbortSignal): Promise<void> {
  try {
    await delay(durationMs, undefined, { signal });
  } catch {
    // Stopped: the caller looks.
  }
}
