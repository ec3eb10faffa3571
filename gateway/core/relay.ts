import type { z } from 'zod';
import type { Released } from './observation.ts';

/**
 * In this order they leave, and in the reverse order they are shed when the byte budget is spent:
 * waveforms first, then trends (periodic values), then numerics (episodic measurements). Alerts
 * are never shed.
 */
export const lanes = ['alert', 'numeric', 'trend', 'waveform'] as const;
export type Lane = (typeof lanes)[number];

/** The released observations of one device record: what a relay sends and the outbox keeps whole. */
export interface OutboxEntry {
  /** Names the entry. Rises in the order of arrival, over all lanes of one destination. */
  readonly sequence: number;
  /**
   * Where it stands in the order of arrival, to be sent with it: lanes overtake each other, live
   * data overtakes backlog, and what was refused comes late. Sorted by it, what a device said is in
   * the order in which it said it. The same however often the entry is sent.
   */
  readonly order: number;
  readonly lane: Lane;
  readonly observations: readonly Released[];
}

/** Which entries are asked for: of these lanes, numbered above `after` up to `upTo`. */
export interface Portion {
  readonly lanes: readonly Lane[];
  readonly after: number;
  readonly upTo: number;
  readonly countMax: number;
  /** As they are stored. One entry is given, however large it is. */
  readonly bytesMax: number;
}

export interface OutboxPage {
  /** By lane, then in the order of arrival. */
  readonly entries: readonly OutboxEntry[];
  /** The newest number the destination's outbox ever gave out. */
  readonly lastSequence: number;
}

interface Fate {
  /**
   * For destinations that answer each entry by itself: the outcome is that of the first so many,
   * and of the others nothing is said; they are sent again. Left out, it is the whole batch's.
   */
  readonly entryCount?: number | undefined;
}

interface Failure extends Fate {
  /** What the hospital's people may read: never content. */
  readonly cause: string;
}

/**
 * The fate of what was sent. `unknown` means the destination may or may not have it: it is sent
 * again, which is safe because every observation carries its id. What is `refused` is narrowed down
 * to the one entry.
 */
export type Delivery =
  | ({ readonly outcome: 'delivered' } & Fate)
  | ({ readonly outcome: 'unknown' | 'refused' } & Failure)
  | ({ readonly outcome: 'retry'; readonly afterMs?: number | undefined } & Failure);

export interface RelayConnection {
  /** One at a time. The wait for an answer has a limit. */
  send(batch: readonly OutboxEntry[]): Promise<Delivery>;
  /**
   * Asks the destination for an answer of its application while nothing is sent, within
   * `probeMsMax`: an open socket says nothing of who is behind it. `delivered` is an answer, also
   * one that says no. Nothing is stored for it, and a `send` that comes in between does not wait
   * for it. Never rejects. Left out where there is no harmless question.
   */
  probe?(): Promise<Delivery>;
  close(): void;
}

/** After so long a silence a destination is asked, ... */
export const probeAfterMs = 15_000;
/** ... and may think so long about it: a half-open line is noticed in 30 s. */
export const probeMsMax = 10_000;

/**
 * A destination is connected to twice: alerts have a line of their own, so that none waits behind
 * a batch that is under way.
 */
export const channels = { alerts: ['alert'], data: ['numeric', 'trend', 'waveform'] } as const;
export type Channel = keyof typeof channels;

/** What a destination may know of a device: its kind, never which one of its kind it is. */
export interface DeviceDescription {
  readonly manufacturer: string;
  readonly model: string;
  /** ISO/IEEE 11073-10101 reference id; empty where there is none. */
  readonly specialization: string;
}

/** What a relay may use besides its options. Paths are relative to the site directory. */
export interface RelayContext {
  readonly channel: Channel;
  /** Milliseconds since the epoch, on the gateway's clock. */
  readonly now: () => number;
  readonly readFile: (path: string) => Buffer;
  /** Refuses a file that others may read. */
  readonly readSecret: (path: string) => Buffer;
  /** The device with this pseudonym of the destination's; undefined when it is not registered. */
  readonly describe?: (pseudonym: string) => Promise<DeviceDescription | undefined>;
}

export interface Relay<Options = unknown> {
  readonly id: string;
  readonly options: z.ZodType<Options>;
  /** The lanes it can carry; of others its destination is owed nothing. All when left out. */
  readonly lanes?: readonly Lane[];
  /** The most entries one send may carry. */
  readonly batchMax: number;
  connect(options: Options, context: RelayContext): RelayConnection;
}

export function defineRelay<Options>(relay: Relay<Options>): Relay<Options> {
  return relay;
}
