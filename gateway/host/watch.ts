import type { HostSignal } from '../core/signals/host-signal.ts';

/** Says what was seen; when is the listener’s business. */
export type Tell = (signal: HostSignal) => void;

/** Looks until it is closed. */
export interface Watch {
  close(): void;
}

/**
 * Looks again and again, one look at a time. A look that fails is no fault of the gateway: a file
 * that went away in between is looked for again.
 */
export function lookEvery(everyMs: number, look: () => Promise<void>): Watch {
  let isLooking = false;
  const timer = setInterval(() => {
    if (isLooking) return;
    isLooking = true;
    look()
      .catch(() => undefined)
      .finally(() => {
        isLooking = false;
      });
  }, everyMs);
  timer.unref();
  return { close: () => clearInterval(timer) };
}
