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
  /** Rises in the order of arrival; FIFO within a lane. */
  readonly sequence: number;
  readonly lane: Lane;
  readonly observations: readonly Released[];
}

/**
 * The fate of what was sent. `unknown` means the destination may or may not have it: it is sent
 * again, which is safe because every observation carries its id. `entryCount` means that only so
 * many, the first of the batch, are delivered; the rest is to be sent again.
 */
export type Delivery =
  | { readonly outcome: 'delivered'; readonly entryCount?: number }
  | { readonly outcome: 'unknown'; readonly cause: string }
  | { readonly outcome: 'retry'; readonly cause: string; readonly afterMs?: number | undefined }
  | { readonly outcome: 'refused'; readonly cause: string };

export interface RelayConnection {
  send(batch: readonly OutboxEntry[]): Promise<Delivery>;
  close(): void;
}

/** What a relay may use besides its options. Paths are relative to the site directory. */
export interface RelayContext {
  readonly readFile: (path: string) => Buffer;
  /** Refuses a file that others may read. */
  readonly readSecret: (path: string) => Buffer;
}

export interface Relay<Options = unknown> {
  readonly id: string;
  readonly options: z.ZodType<Options>;
  /** The most entries one send may carry. */
  readonly batchMax: number;
  connect(options: Options, context: RelayContext): RelayConnection;
}

export function defineRelay<Options>(relay: Relay<Options>): Relay<Options> {
  return relay;
}
