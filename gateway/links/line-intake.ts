import type { DeviceId } from '../core/device.ts';
import type { Log } from '../core/event.ts';
import type { Intake, IntakeQueue } from '../core/intake.ts';
import type { Instant } from '../core/observation.ts';
import { within } from './line-wait.ts';
import type { Wire } from './line-wire.ts';

export const chunkBytesMax = 4_096;
/** At this many the wire is paused, so a line never holds more than 256 KiB of the gateway. */
export const chunksInFlightMax = 64;
/** How often a device that must be asked may be asked. */
const turnMs = 1_000;
/** Reading goes on once half of them are settled. */
const chunksInFlightResume = chunksInFlightMax / 2;

export interface LineIntakeOptions {
  readonly device: DeviceId;
  readonly intake: IntakeQueue;
  readonly now: () => Instant;
  readonly log: Log;
  readonly writeTimeoutMs: number;
  /** The device must be asked: the gateway gets a turn when the wire opens, then every second. */
  readonly speaks?: boolean;
}

/**
 * Carries the bytes of one line into the intake, and what is owed for them back to the device: in
 * the order the bytes came, only after they are on disk, and only on the wire they came from. A
 * reply to an opening that is over is dropped; the device asks again, as its protocol demands.
 */
export class LineIntake {
  readonly #options: LineIntakeOptions;
  #turns: NodeJS.Timeout | undefined;
  #wire: Wire | undefined;
  #onStalled: () => void = () => {};
  #isFirst = true;
  #isPaused = false;
  #isDraining = false;
  #pauses = 0;
  #inFlight = 0;
  #refusedInRow = 0;
  /** Settles when every chunk offered so far did, in order. Never rejects. */
  #settled: Promise<void> = Promise.resolve();

  constructor(options: LineIntakeOptions) {
    this.#options = options;
  }

  /** True while the gateway, not the device, is what keeps the line quiet. */
  get isPaused(): boolean {
    return this.#isPaused;
  }

  /** A wire was opened; `onStalled` is called when it does not take a reply in time. */
  begin(wire: Wire, onStalled: () => void): void {
    this.#wire = wire;
    this.#onStalled = onStalled;
    this.#isFirst = true;
    // Chunks of the opening before may still be on their way to the disk: the limit holds for both.
    this.#isPaused = this.#inFlight >= chunksInFlightMax;
    if (!this.#isPaused) wire.resume();
    if (!this.#options.speaks) return;
    this.#turn();
    this.#turns = setInterval(() => this.#turn(), turnMs);
  }

  accept(bytes: Uint8Array): void {
    for (let start = 0; start < bytes.length; start += chunkBytesMax) {
      // A copy of its own: the wire uses its buffer again, and a worker is sent the whole of it.
      this.#offer(new Uint8Array(bytes.subarray(start, start + chunkBytesMax)));
    }
  }

  /**
   * No more bytes are taken; resolves when every reply still owed was written or refused, and last
   * of all the farewell to a device that was asked.
   */
  async drain(): Promise<void> {
    this.#isDraining = true;
    this.#wire?.pause();
    if (this.#options.speaks && this.#wire)
      this.#offer(new Uint8Array(), { isTurn: true, isLast: true });
    await this.#settled;
  }

  /** The wire is over: nothing is written to it any more. */
  end(): void {
    clearInterval(this.#turns);
    this.#wire = undefined;
  }

  /** What is still owed comes first: a turn is never queued behind an overloaded intake. */
  #turn(): void {
    if (!this.#isPaused && !this.#isDraining) this.#offer(new Uint8Array(), { isTurn: true });
  }

  #offer(bytes: Uint8Array, marks: Pick<Intake, 'isTurn' | 'isLast'> = {}): void {
    const { device, intake, now } = this.#options;
    const isFirst = this.#isFirst;
    this.#isFirst = false;
    this.#inFlight += 1;
    // Answered at once, though read in turn: a promise that rejects unheard ends the process.
    const reply = intake
      .offer({ device, channel: 'line', bytes, receivedAt: now(), isFirst, ...marks })
      .catch(() => undefined);
    const wire = this.#wire;
    this.#settled = this.#settled.then(async () => {
      await this.#settle(await reply, wire, bytes.length);
    });
    if (this.#inFlight >= chunksInFlightMax && !this.#isPaused) this.#pause();
  }

  #pause(): void {
    const { device, intake, log, now } = this.#options;
    this.#isPaused = true;
    this.#pauses += 1;
    this.#wire?.pause();
    intake.signal({ kind: 'limit', limit: 'line-chunks-in-flight', device, at: now() });
    if (isWorthLogging(this.#pauses)) {
      log('intake.overloaded', { device, chunksInFlight: this.#inFlight, times: this.#pauses });
    }
  }

  async #settle(reply: Uint8Array | undefined, wire: Wire | undefined, bytes: number) {
    if (reply === undefined) this.#refuse(bytes);
    else {
      this.#refusedInRow = 0;
      if (reply.length > 0 && wire !== undefined) await this.#write(reply, wire);
    }
    this.#inFlight -= 1;
    if (!this.#isPaused || this.#isDraining || !this.#wire) return;
    if (this.#inFlight <= chunksInFlightResume) {
      this.#isPaused = false;
      this.#wire.resume();
    }
  }

  /** Nothing was kept, so nothing is acknowledged. */
  #refuse(bytes: number): void {
    const { device, intake, log, now } = this.#options;
    // What comes next does not continue what came before: half a value must not meet half of another.
    this.#isFirst = true;
    this.#refusedInRow += 1;
    intake.signal({
      kind: 'rejected',
      reason: 'not-kept',
      detail: `${bytes} bytes of the line`,
      device,
      at: now(),
    });
    if (isWorthLogging(this.#refusedInRow)) {
      log('intake.refused', { device, bytes, inRow: this.#refusedInRow });
    }
  }

  async #write(reply: Uint8Array, wire: Wire): Promise<void> {
    if (wire !== this.#wire) return;
    try {
      if (await within(wire.write(reply), this.#options.writeTimeoutMs)) return;
    } catch {
      // The wire broke under the write. It reports so itself, and the device asks again.
      return;
    }
    if (wire === this.#wire) this.#onStalled();
  }
}

/** The 1st, 2nd, 4th, 8th ... time: a full disk must not be filled further by its own log. */
function isWorthLogging(times: number): boolean {
  return Number.isInteger(Math.log2(times));
}
