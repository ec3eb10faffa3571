import {
  type Channel,
  channels,
  type OutboxEntry,
  type OutboxPage,
  type Portion,
} from '../core/relay.ts';
import { createBacklogEnd } from './backlog.ts';

/** An empty backlog is not asked for again at each turn. */
const emptyMs = 1_000;

/** A part of what a destination is owed, in its order: alerts, live data or the backlog. */
export interface DeliveryStream {
  /** What is to be sent next. Empty when nothing waits, or when it is not due. */
  next(countMax: number, bytesMax: number): Promise<readonly OutboxEntry[]>;
  /** These are out of the outbox. */
  settled(entries: readonly OutboxEntry[]): void;
  /** At least one of these is refused: they are halved until it stands alone. */
  suspect(entries: readonly OutboxEntry[]): void;
  /** What is in hand is read anew. */
  forget(): void;
  /** In how many milliseconds it is due; infinite where it is due already. */
  dueInMs(): number;
}

interface StreamOptions {
  readonly relay: string;
  readonly channel: Channel;
  /** Entries of the backlog that may leave in a second. */
  readonly backlogPerSecondMax: number;
  readonly outbox: { next(relay: string, portion: Portion): Promise<OutboxPage> };
  /** Of the clock nobody sets. */
  readonly monotonicMs: () => number;
}

/**
 * Alerts are one stream, first in, first out, for the end of an alarm must not be told before its
 * beginning. Of the rest, live data has its turn before each batch of the backlog: it waits for one
 * batch at most, and the backlog has every second turn at least.
 */
export function startStreams(options: StreamOptions): readonly DeliveryStream[] {
  const { channel, monotonicMs, backlogPerSecondMax } = options;
  const all = { after: () => 0, upTo: () => Number.MAX_SAFE_INTEGER };
  if (channel === 'alerts') return [new Stream(options, all)];
  const end = createBacklogEnd();
  const live = new Stream(options, {
    after: () => end.upTo(monotonicMs()),
    upTo: all.upTo,
    seeLast: (sequence) => end.note(sequence, monotonicMs()),
  });
  const backlog = new Stream(options, {
    after: all.after,
    // What live data has in hand is not sent by both.
    upTo: () => Math.min(end.upTo(monotonicMs()), live.firstSuspect() - 1),
    perSecondMax: backlogPerSecondMax,
  });
  return [live, backlog];
}

/** Numbers above `after` up to `upTo`. */
interface Bounds {
  readonly after: () => number;
  readonly upTo: () => number;
  readonly seeLast?: (sequence: number) => void;
  readonly perSecondMax?: number;
}

class Stream implements DeliveryStream {
  readonly #options: StreamOptions;
  readonly #bounds: Bounds;
  /** Read already; at least one of them is refused. */
  #suspects: readonly OutboxEntry[] = [];
  #dueAtMs = 0;

  constructor(options: StreamOptions, bounds: Bounds) {
    this.#options = options;
    this.#bounds = bounds;
  }

  async next(countMax: number, bytesMax: number): Promise<readonly OutboxEntry[]> {
    if (Number.isFinite(this.dueInMs())) return [];
    const entries = await this.#read(countMax, bytesMax);
    const { perSecondMax } = this.#bounds;
    if (perSecondMax !== undefined) {
      const pauseMs = entries.length === 0 ? emptyMs : (entries.length * 1_000) / perSecondMax;
      this.#dueAtMs = this.#options.monotonicMs() + pauseMs;
    }
    return entries;
  }

  async #read(countMax: number, bytesMax: number): Promise<readonly OutboxEntry[]> {
    const half = Math.ceil(this.#suspects.length / 2);
    if (half > 0) return this.#suspects.slice(0, Math.min(half, countMax));
    const { relay, channel, outbox } = this.#options;
    const { after, upTo, seeLast } = this.#bounds;
    const portion = { after: after(), upTo: upTo(), countMax, bytesMax };
    const page = await outbox.next(relay, { ...portion, lanes: channels[channel] });
    seeLast?.(page.lastSequence);
    return page.entries;
  }

  settled(entries: readonly OutboxEntry[]): void {
    if (this.#suspects.length === 0) return;
    const settled = new Set(entries.map(({ sequence }) => sequence));
    this.#suspects = this.#suspects.filter(({ sequence }) => !settled.has(sequence));
  }

  suspect(entries: readonly OutboxEntry[]): void {
    this.#suspects = entries;
  }

  forget(): void {
    this.#suspects = [];
  }

  dueInMs(): number {
    const leftMs = this.#dueAtMs - this.#options.monotonicMs();
    return leftMs > 0 ? leftMs : Number.POSITIVE_INFINITY;
  }

  firstSuspect(): number {
    const sequences = this.#suspects.map(({ sequence }) => sequence);
    return Math.min(...sequences, Number.MAX_SAFE_INTEGER);
  }
}
