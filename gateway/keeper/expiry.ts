import type { Instant } from '../core/observation.ts';
import { clockBehindMsMax } from '../stages/clock-estimate.ts';
import type { Store } from '../store/store.ts';

/**
 * Forgets what the site keeps only for a time, each expired observation with a record.
 *
 * @param aged the time by which things grow old; see `Age`
 */
export function expire(store: Store, aged: number, keptMs: number, now: Instant): number {
  return store.transact(() => {
    store.stays.forget(aged - 2 * clockBehindMsMax);
    const before = aged - keptMs;
    const expired = store.held.expire(before);
    store.journal.forget(before);
    store.responses.forget(before);
    store.frames.forget(before);
    store.journal.addRejections(
      expired.map(({ device, rows }) => ({
        device,
        at: now,
        stage: 'associate',
        reason: 'expired',
        detail: `${rows} records`,
      })),
    );
    return expired.reduce((sum, { rows }) => sum + rows, 0);
  });
}
