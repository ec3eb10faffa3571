import { setTimeout as delay } from 'node:timers/promises';

/** Resolves after the time or at the abort, whichever comes first. Never rejects. */
export async function wait(durationMs: number, signal: AbortSignal): Promise<void> {
  try {
    await delay(durationMs, undefined, { signal });
  } catch (error) {
    // The abort is the only way a delay can fail, and it is one of the two ends waited for.
    if (!signal.aborted) throw error;
  }
}

/** Resolves at the abort. */
export async function untilAborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return;
  await new Promise<void>((resolve) => {
    signal.addEventListener('abort', () => resolve(), { once: true });
  });
}

/** True when the promise resolved within the limit, false when the limit came first. */
export async function within(promise: Promise<unknown>, limitMs: number): Promise<boolean> {
  const over = new AbortController();
  try {
    return await Promise.race([
      promise.then(() => true),
      wait(limitMs, over.signal).then(() => false),
    ]);
  } finally {
    over.abort();
  }
}
