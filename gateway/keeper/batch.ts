import type { DeviceId } from '../core/device.ts';
import { type Channel, channels, type Intake } from '../core/intake.ts';
import type { Instant } from '../core/observation.ts';
import type { Signal } from '../core/signal.ts';

/**
 * Many intakes as one transferable buffer with their offsets beside it: handing a batch to the
 * worker costs the same for one message or a thousand.
 */
export interface Batch {
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** Where each intake's bytes end. */
  readonly ends: Uint32Array;
  readonly receivedAt: Float64Array;
  /** The same moments on the monotonic clock; NaN where there is none. */
  readonly monotonicMs: Float64Array;
  /** This run of the machine. */
  readonly boot: string;
  /** Index into `devices`. */
  readonly device: Uint16Array;
  /** Index into `channels`, and a bit for each mark of the intake. */
  readonly channel: Uint8Array;
  readonly devices: readonly string[];
  readonly signals: readonly Signal[];
}

const isFirstBit = 0x80;
const isTurnBit = 0x40;
const isLastBit = 0x20;
/** The gateway did not know the time. */
const isProvisionalBit = 0x10;
const markBits = isFirstBit | isTurnBit | isLastBit | isProvisionalBit;

/** A commit of this many costs little more a message than a larger one, and less memory. */
const batchCountMax = 1_024;
const batchBytesMax = 2 ** 20;
const startBytes = 256 * 2 ** 10;

/** A moment on the monotonic clock, and whether the gateway knew the time then. */
export interface Stamp {
  readonly boot: string;
  readonly monotonicMs: number;
  readonly isTrusted: boolean;
}

/** Collects intakes until somebody takes them. */
export interface OpenBatch {
  readonly count: number;
  readonly byteCount: number;
  readonly isEmpty: boolean;
  /** False when it does not fit any more. `stamp` is the same moment on the monotonic clock. */
  add(intake: Intake, stamp?: Stamp): boolean;
  addSignal(signal: Signal): void;
  close(): Batch;
}

/** `spare` is a buffer that an earlier batch used and nobody needs any more. */
export function openBatch(spare?: ArrayBuffer): OpenBatch {
  let bytes = new Uint8Array(spare ?? new ArrayBuffer(startBytes));
  let end = 0;
  let count = 0;
  const ends: number[] = [];
  const receivedAt: number[] = [];
  const monotonicMs: number[] = [];
  let boot = '';
  const device: number[] = [];
  const channel: number[] = [];
  const devices = new Map<DeviceId, number>();
  const signals: Signal[] = [];

  return {
    get count() {
      return count;
    },
    get byteCount() {
      return end;
    },
    get isEmpty() {
      return count === 0 && signals.length === 0;
    },
    add(intake, stamp) {
      const need = end + intake.bytes.length;
      if (count >= batchCountMax || (count > 0 && need > batchBytesMax)) return false;
      if (need > bytes.length) bytes = grown(bytes, end, need);
      bytes.set(intake.bytes, end);
      end = need;
      count += 1;
      ends.push(end);
      receivedAt.push(intake.receivedAt);
      monotonicMs.push(stamp?.monotonicMs ?? Number.NaN);
      boot = stamp?.boot ?? boot;
      const index = devices.get(intake.device) ?? devices.size;
      if (index === devices.size) devices.set(intake.device, index);
      device.push(index);
      const trust = stamp?.isTrusted === false ? isProvisionalBit : 0;
      channel.push(channels.indexOf(intake.channel) | marksOf(intake) | trust);
      return true;
    },
    addSignal(signal) {
      signals.push(signal);
    },
    close: () => ({
      bytes: bytes.subarray(0, end),
      ends: Uint32Array.from(ends),
      receivedAt: Float64Array.from(receivedAt),
      monotonicMs: Float64Array.from(monotonicMs),
      boot,
      device: Uint16Array.from(device),
      channel: Uint8Array.from(channel),
      devices: [...devices.keys()],
      signals,
    }),
  };
}

function marksOf({ isFirst, isTurn, isLast }: Intake): number {
  return (isFirst ? isFirstBit : 0) | (isTurn ? isTurnBit : 0) | (isLast ? isLastBit : 0);
}

function grown(
  bytes: Uint8Array<ArrayBuffer>,
  used: number,
  need: number,
): Uint8Array<ArrayBuffer> {
  const larger = new Uint8Array(Math.max(need, bytes.length * 2));
  larger.set(bytes.subarray(0, used));
  return larger;
}

/** The inverse: views into the one buffer, nothing copied. */
export function intakesOf(batch: Batch): Intake[] {
  const { bytes, ends, receivedAt, boot, device, channel, devices } = batch;
  const intakes: Intake[] = [];
  let start = 0;
  for (const [index, end] of ends.entries()) {
    const code = channel[index] ?? 0;
    const monotonicMs = batch.monotonicMs[index] ?? Number.NaN;
    const isProvisional = (code & isProvisionalBit) !== 0;
    intakes.push({
      device: devices[device[index] ?? 0] as DeviceId,
      channel: channels[code & ~markBits] as Channel,
      bytes: bytes.subarray(start, end),
      receivedAt: receivedAt[index] as Instant,
      monotonicMs: Number.isNaN(monotonicMs) ? undefined : monotonicMs,
      provisional: isProvisional ? { boot, monotonicMs } : undefined,
      isFirst: (code & isFirstBit) !== 0,
      isTurn: (code & isTurnBit) !== 0,
      isLast: (code & isLastBit) !== 0,
    });
    start = end;
  }
  return intakes;
}
