import type { Duplex } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import type { Instant } from '../core/observation.ts';
import type { SimulatedWrite } from '../core/simulator.ts';
import type { DeviceEnd } from './device-end.ts';

export interface LinePlay {
  readonly end: DeviceEnd;
  /** `isOpening`: the line was opened anew since the moment before. */
  readonly say: (sequence: number, at: Instant, isOpening: boolean) => readonly SimulatedWrite[];
  readonly rateHz: number;
  /** Ends after this many moments; until aborted when left out. */
  readonly count?: number | undefined;
  readonly signal: AbortSignal;
  readonly now: () => Instant;
  /** Whether the plug is pulled after this moment. */
  readonly isUnplugged?: (sequence: number) => boolean;
  /** Told when the gateway answered every write of a moment that waits for an answer. */
  readonly onAcknowledged?: (sequence: number, at: Instant) => void;
}

/** ASTM E1381 gives the receiver 15 s. */
const answerTimeoutMs = 15_000;

/**
 * Plays a device at its end of a line. Where the wire format waits for an answer, so does this; a
 * moment whose answer does not come is said again at the next opening.
 */
export async function playLine(
  play: LinePlay,
): Promise<{ readonly sent: number; readonly acknowledged: number }> {
  const { end, signal, now } = play;
  let sent = 0;
  let acknowledged = 0;
  let line: Duplex | undefined;
  try {
    while (!signal.aborted && acknowledged < (play.count ?? Number.POSITIVE_INFINITY)) {
      const isOpening = !line || line.destroyed || !line.writable;
      if (isOpening) line = await end.open(signal);
      if (!line) break;
      const sequence = acknowledged + 1;
      const at = now();
      sent += 1;
      if (await sayAll(line, play.say(sequence, at, isOpening), signal)) {
        acknowledged += 1;
        play.onAcknowledged?.(sequence, at);
      }
      if (play.isUnplugged?.(sequence)) line.destroy();
      await pause(at + 1_000 / play.rateHz - now(), signal);
    }
  } finally {
    await finish(line);
    end.close();
  }
  return { sent, acknowledged };
}

async function sayAll(
  line: Duplex,
  writes: readonly SimulatedWrite[],
  signal: AbortSignal,
): Promise<boolean> {
  for (const { bytes, awaits } of writes) {
    const answer = awaits === undefined ? true : answered(line, awaits, signal);
    line.write(bytes);
    if (!(await answer)) return false;
  }
  // What was not asked for an answer is read all the same, or an end would go unnoticed.
  line.resume();
  return !line.destroyed;
}

/** Whether the byte came before the line ended or the time was up. */
function answered(line: Duplex, byte: number, signal: AbortSignal): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const onData = (chunk: Buffer) => resolve(chunk.includes(byte));
  const onOver = () => resolve(false);
  const timer = setTimeout(onOver, answerTimeoutMs);
  line.once('data', onData).once('close', onOver);
  signal.addEventListener('abort', onOver);
  return promise.finally(() => {
    clearTimeout(timer);
    line.off('data', onData).off('close', onOver);
    signal.removeEventListener('abort', onOver);
  });
}

const finishTimeoutMs = 1_000;

/** What was written last still goes out: a count that ends must not cut its own last moment. */
async function finish(line: Duplex | undefined): Promise<void> {
  if (!line || line.destroyed) return;
  const over = new AbortController();
  const flushed = new Promise<void>((resolve) => line.end(() => resolve()));
  await Promise.race([
    flushed,
    delay(finishTimeoutMs, undefined, { signal: over.signal }).catch(() => undefined),
  ]);
  over.abort();
  line.destroy();
}

async function pause(durationMs: number, signal: AbortSignal): Promise<void> {
  if (durationMs <= 0) return;
  try {
    await delay(durationMs, undefined, { signal });
  } catch {
    // Aborted: the loop looks.
  }
}
