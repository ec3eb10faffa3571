import type { Provisional } from '../../gateway/core/clock.ts';
import { lanes, type OutboxEntry, type Portion } from '../../gateway/core/relay.ts';
import type { OutboxBudget } from '../../gateway/store/outbox.ts';
import type { Store } from '../../gateway/store/store.ts';

/** Everything, but for what is said. */
export function portion(changes: Partial<Portion> = {}): Portion {
  const whole = { after: 0, upTo: Number.MAX_SAFE_INTEGER, countMax: 10_000, bytesMax: 2 ** 30 };
  return { lanes, ...whole, ...changes };
}

/** The first entries a destination is owed. */
export function owed(
  store: Store,
  relay: string,
  countMax: number,
  moment?: Provisional,
): readonly OutboxEntry[] {
  return store.outbox.next(relay, portion({ countMax }), moment).entries;
}

export function budget(bytesMax: number): OutboxBudget {
  return { bytesMax, laneBytesMax: {} };
}
