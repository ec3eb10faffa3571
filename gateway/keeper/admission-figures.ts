import type { AdmissionCounts } from '../core/site-state.ts';
import type { Kept } from './kept.ts';

/** Counts what goes through admission, since the gateway started. */
export class AdmissionFigures {
  #batches = 0;
  #batchSeconds = 0;
  #messages = 0;
  #acknowledged = 0;
  #refused = 0;
  #signalsDropped = 0;
  readonly #rejected = new Map<string, number>();
  readonly #found = new Map<string, number>();

  offered(): void {
    this.#messages += 1;
  }

  signalDropped(): void {
    this.#signalsDropped += 1;
  }

  /** A batch came back. `durationMs`: from when it was handed over. */
  kept(
    { rejected, findings }: Kept,
    acknowledged: number,
    refused: number,
    durationMs: number,
  ): void {
    this.#batches += 1;
    this.#batchSeconds += durationMs / 1_000;
    this.#acknowledged += acknowledged;
    this.#refused += refused;
    for (const { reason } of rejected) add(this.#rejected, reason);
    for (const { threat } of findings) add(this.#found, threat);
  }

  notKept(refused: number): void {
    this.#refused += refused;
  }

  snapshot(waitingMessages: number, waitingBytes: number): AdmissionCounts {
    return {
      messages: this.#messages,
      acknowledged: this.#acknowledged,
      refused: this.#refused,
      batches: this.#batches,
      batchSeconds: this.#batchSeconds,
      waitingMessages,
      waitingBytes,
      signalsDropped: this.#signalsDropped,
      rejected: Object.fromEntries(this.#rejected),
      found: Object.fromEntries(this.#found),
    };
  }
}

/** Its names come from tables of ours, so it stays as small as they are. */
function add(counts: Map<string, number>, name: string): void {
  counts.set(name, (counts.get(name) ?? 0) + 1);
}
