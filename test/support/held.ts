import type { Keeper } from '../../gateway/keeper/keeping.ts';

/** What the keeper thread does between batches, until nothing is due. */
export function letGo(keeper: Pick<Keeper, 'hasHeldDue' | 'turnHeld'>): void {
  while (keeper.hasHeldDue()) keeper.turnHeld();
}
