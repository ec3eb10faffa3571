import { GatewayError } from '../core/error.ts';
import type { Log } from '../core/event.ts';
import type { Instant } from '../core/observation.ts';
import type { Admission } from '../keeper/admission.ts';

/** How often the models are asked. */
const askEveryMs = 1_000;

export interface ModelWatchOptions {
  readonly call: Admission['call'];
  readonly admission: Pick<Admission, 'queue'>;
  readonly now: () => Instant;
  readonly log: Log;
  readonly onFault: (error: unknown) => void;
}

export interface ModelWatch {
  /** Resolves when nothing is asked any more. */
  close(): Promise<void>;
}

/** Asks the models once a second; what they find strange goes the way of all signals. */
export function watchModels({ call, admission, now, log, onFault }: ModelWatchOptions): ModelWatch {
  let asking: Promise<void> | undefined;

  async function ask(): Promise<void> {
    try {
      for (const signal of await call('score', now())) admission.queue.signal(signal);
    } catch (error) {
      // The store is full or locked for now: the next second will do.
      if (error instanceof GatewayError)
        log('gateway.failed', { code: error.code, task: 'models' });
      else onFault(error);
    }
    asking = undefined;
  }

  const timer = setInterval(() => {
    // A slow answer is waited for: never two at a time.
    asking ??= ask();
  }, askEveryMs);
  return {
    async close() {
      clearInterval(timer);
      await asking;
    },
  };
}
