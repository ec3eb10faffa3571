import { localTime } from '../device-time.ts';
import { readerOf } from './bytes.ts';

/** The monitor's two clocks side by side, as far as it told. */
export interface MonitorClock {
  /** What the wall clock showed, in ms as if it were UTC: the monitor names no zone. */
  readonly shownMs: number;
  /** The counter then, counted on beyond 32 bits. */
  readonly ticks: number;
}

/** One tick of the relative time is 125 µs. */
const ticksPerMs = 8;
const counterRange = 2 ** 32;
/** After this, 149 h, the relative time begins anew. */
export const relativeTimeRangeMs = counterRange / ticksPerMs;

/** The wall clock and the counter at one moment; undefined when the wall clock is not set. */
export function readClock(absolute: Uint8Array, relative: number): MonitorClock | undefined {
  const shown = readAbsoluteTime(absolute);
  return shown === undefined ? undefined : { shownMs: Date.parse(`${shown}Z`), ticks: relative };
}

/** Follows the counter: it starts again after 149 h, and a result may come a little late. */
export function advance(clock: MonitorClock, relative: number): MonitorClock {
  const ahead = (((relative - clock.ticks) % counterRange) + counterRange) % counterRange;
  const passed = ahead < counterRange / 2 ? ahead : ahead - counterRange;
  const ticks = (((clock.ticks + passed) % counterRange) + counterRange) % counterRange;
  return { shownMs: clock.shownMs + passed / ticksPerMs, ticks };
}

/** What the wall clock shows, without an offset. */
export function shownBy({ shownMs }: MonitorClock): string | undefined {
  const shown = new Date(Math.floor(shownMs));
  const year = shown.getUTCFullYear();
  return year >= 0 && year <= 9999 ? shown.toISOString().slice(0, -1) : undefined;
}

/** Eight binary coded decimals: century, year, month, day, hour, minute, second, 1/100 s. */
export function readAbsoluteTime(bytes: Uint8Array): string | undefined {
  if (bytes.length !== 8) return undefined;
  const reader = readerOf(bytes);
  const next = () => fromBcd(reader.u8());
  const year = next() * 100 + next();
  return localTime(year, next(), next(), next(), next(), next());
}

function fromBcd(byte: number): number {
  const tens = byte >> 4;
  const ones = byte & 0x0f;
  return tens <= 9 && ones <= 9 ? tens * 10 + ones : Number.NaN;
}
