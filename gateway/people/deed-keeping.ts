import { type Deed, learned, type Rarity, rarityOf } from '../access/habit.ts';
import type { AuditRecord } from '../core/audit-entry.ts';
import type { Store } from '../store/store.ts';

/** Something that somebody of known habits did, and how rare it is. */
export interface RareDeed extends Rarity {
  readonly deed: Deed;
}

/** Judges each by what was known before it, then it is known too. In the keeper thread. */
export function noteDeeds(store: Store, deeds: readonly Deed[]): readonly RareDeed[] {
  if (deeds.length === 0) return [];
  return store.transact(() =>
    deeds.flatMap((deed) => {
      const habits = store.habits.of(deed.actor);
      const rarity = rarityOf(deed, habits);
      store.habits.save(deed.actor, learned(deed, habits));
      return rarity ? [{ deed, ...rarity }] : [];
    }),
  );
}

/** What a person or a person's command did, and it was allowed. */
export function deedOf({ actor, action, at, outcome }: AuditRecord): readonly Deed[] {
  const isPerson = actor.startsWith('cli:') || (!actor.includes(':') && actor !== 'gateway');
  return isPerson && outcome === 'success' ? [{ actor, action, at }] : [];
}
