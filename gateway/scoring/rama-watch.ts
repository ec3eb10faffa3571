import { GatewayError } from '../core/error.ts';
import type { Log } from '../core/event.ts';
import type { Instant } from '../core/observation.ts';
import type { Admission } from '../keeper/admission.ts';

/** A device is scored anew this often at most. */
const rescoreEveryMs = 1_000;

export interface RamaWatchOptions {
  readonly call: Admission['call'];
  readonly now: () => Instant;
  readonly log: Log;
  readonly onFault: (error: unknown) => void;
}

export interface RamaWatch {
  /** Resolves when nothing is scored any more. */
  close(): Promise<void>;
}

/** Has what changed scored once a second, and says whose score rose or fell. */
export function watchRama({ call, now, log, onFault }: RamaWatchOptions): RamaWatch {
  let scoring: Promise<void> | undefined;

  async function rescore(): Promise<void> {
    try {
      for (const { device, score, before } of await call('rescore', now())) {
        // The first score after a start is no change.
        if (before !== undefined)
          log('rama.changed', { device, score: tenth(score), before: tenth(before) });
      }
    } catch (error) {
      // The store is full or locked for now: the next second will do.
      if (error instanceof GatewayError) log('gateway.failed', { code: error.code, task: 'rama' });
      else onFault(error);
    }
    scoring = undefined;
  }

  const timer = setInterval(() => {
    // A slow answer is waited for: never two at a time.
    scoring ??= rescore();
  }, rescoreEveryMs);
  return {
    async close() {
      clearInterval(timer);
      await scoring;
    },
  };
}

function tenth(score: number): number {
  return Math.round(score * 10) / 10;
}
