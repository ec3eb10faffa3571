import { GatewayError } from '../core/error.ts';
import type { Log } from '../core/event.ts';
import type { IntakeQueue } from '../core/intake.ts';
import type { Instant } from '../core/observation.ts';
import { alertRates, fewness } from '../features/alert-rate.ts';
import type { Admission } from '../keeper/admission.ts';

const lookEveryMs = 600_000;
const hourMs = 3_600_000;

export interface AlertWatchOptions {
  readonly call: Admission['call'];
  readonly queue: Pick<IntakeQueue, 'signal'>;
  readonly log: Log;
  readonly now: () => Instant;
  readonly monotonicMs: () => number;
  readonly onFault: (error: unknown) => void;
}

/** Tells of detectors that found something every day, and find less now. */
export function watchAlerts(options: AlertWatchOptions): { close(): void } {
  const { call, queue, log, now, monotonicMs, onFault } = options;
  const startedMs = monotonicMs();

  async function look(): Promise<void> {
    const { counts, hoursKnown } = await call('findingCounts', now());
    const hoursUp = (monotonicMs() - startedMs) / hourMs;
    for (const rate of alertRates(counts, hoursKnown, hoursUp)) {
      const chance = fewness(rate.seen, rate.expected);
      queue.signal({ kind: 'alert-rate', at: now(), ...rate, chance });
    }
  }

  const timer = setInterval(() => {
    look().catch((error: unknown) => {
      if (!(error instanceof GatewayError)) return onFault(error);
      log('gateway.failed', { code: error.code, task: 'alert-rate' });
    });
  }, lookEveryMs);
  return { close: () => clearInterval(timer) };
}
