import type { Delivery, OutboxEntry } from '../core/relay.ts';
import { connectionsMax } from './https-client.ts';

/**
 * Sends entries by themselves: in the order of each device, of several devices at once. Ends with
 * the first that fails.
 */
export async function sendEach(
  batch: readonly OutboxEntry[],
  send: (entry: OutboxEntry) => Promise<Delivery>,
): Promise<Delivery> {
  const places = batch.map((entry, index) => ({ entry, index }));
  const rows = [...Map.groupBy(places, ({ entry }) => entry.observations[0]?.device).values()];
  const fates: (Delivery | undefined)[] = batch.map(() => undefined);
  let isFailed = false;
  async function work(): Promise<void> {
    for (let row = rows.shift(); row; row = rows.shift()) {
      for (const { entry, index } of row) {
        if (isFailed) return;
        const delivery = await send(entry);
        fates[index] = delivery;
        if (delivery.outcome !== 'delivered') isFailed = true;
      }
    }
  }
  await Promise.all(Array.from({ length: connectionsMax }, work));
  return together(fates);
}

/**
 * The fate of as many of the first ones as have the same. What was delivered behind a failure is sent
 * again and known there; `retry` says that nothing was stored. The first one is always sent.
 */
function together(fates: readonly (Delivery | undefined)[]): Delivery {
  const firstFailed = fates.findIndex((fate) => fate?.outcome !== 'delivered');
  if (firstFailed < 0) return { outcome: 'delivered' };
  if (firstFailed > 0) return { outcome: 'delivered', entryCount: firstFailed };
  const first = fates[0] ?? { outcome: 'unknown', cause: 'not sent' };
  if (first.outcome === 'refused') return { ...first, entryCount: 1 };
  const isPartly = fates.some((fate) => fate?.outcome === 'delivered');
  return first.outcome === 'retry' && isPartly ? { outcome: 'unknown', cause: first.cause } : first;
}
