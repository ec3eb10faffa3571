import type { Admission } from '../pipeline/admission.ts';
import type { Store } from '../store/store.ts';

/** What destinations are owed, and how much of what they are not: nothing disappears unseen. */
export function keepDepartures(
  store: Store,
  { departures, uncarried }: Pick<Admission, 'departures' | 'uncarried'>,
): void {
  if (departures.length > 0) store.outbox.add(departures);
  for (const { relay, lane, observations } of uncarried) {
    store.counters.add(`uncarried/${relay}/${lane}`, observations.length);
  }
}
