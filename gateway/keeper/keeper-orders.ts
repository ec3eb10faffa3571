import type { DeviceId } from '../core/device.ts';
import type { Instant } from '../core/observation.ts';
import type { Quarantine } from '../core/quarantine.ts';
import type { Response } from '../core/response.ts';
import type { PolicyMaker } from '../policy-maker.ts';
import type { Store } from '../store/store.ts';
import {
  type AssociateOrder,
  associateDevice,
  type DissociateOrder,
  dissociateDevice,
} from '../ward/association.ts';
import { createDeadlines, type LookedAt } from '../ward/deadlines.ts';
import {
  endQuarantines,
  type QuarantineOrder,
  quarantineDevice,
  type ReleaseOrder,
  type ReleaseOutcome,
  releaseDevice,
} from '../ward/quarantine.ts';
import {
  confirmResponse,
  endHarmful,
  endResponses,
  type ResponseOrder,
  undoResponse,
} from '../ward/response-orders.ts';
import type { Circumstances } from '../ward/situation.ts';

/** What is in force on devices and addresses, and what waits for a person. */
export interface Restraints {
  readonly quarantines: readonly Quarantine[];
  readonly responses: readonly Response[];
}

/** What people order of devices; and what ends by itself. The next batch is admitted by it already. */
export interface KeeperOrders {
  associate(order: AssociateOrder): ReturnType<typeof associateDevice>;
  dissociate(order: DissociateOrder): ReturnType<typeof dissociateDevice>;
  quarantine(order: QuarantineOrder): Quarantine;
  release(order: ReleaseOrder): ReleaseOutcome;
  confirmResponse(order: ResponseOrder): Response;
  undoResponse(order: ResponseOrder): Response;
  /** What is in force, once what is over has ended. */
  restraints(now: Instant, clocks?: Omit<LookedAt, 'now'>): Restraints;
}

/** What people order. What this process changes itself raises no version: the policy is made anew. */
export function ordersOf(
  store: Store,
  current: () => Circumstances & { readonly maker: PolicyMaker },
  changed: () => void,
): KeeperOrders {
  function done<Result>(result: Result): Result {
    changed();
    return result;
  }
  let startedAt: number | undefined;
  const deadlines = createDeadlines();
  return {
    associate: (order) => done(associateDevice(store, current().maker, order)),
    dissociate: (order) => done(dissociateDevice(store, order)),
    quarantine: (order) => done(quarantineDevice(store, current().maker, order)),
    release: (order) => done(releaseDevice(store, current().maker, order)),
    confirmResponse: (order) => done(confirmResponse(store, current().maker, order)),
    undoResponse: (order) => done(undoResponse(store, current().maker, order)),
    restraints(now, clocks = { aged: now, monotonicMs: now }) {
      const { maker, policy, heardAt } = current();
      startedAt ??= now;
      // Whoever was not heard yet since the start may still speak.
      const since = startedAt;
      const circumstances = { policy, heardAt: (id: DeviceId) => heardAt(id) ?? since };
      const hasEnded = [
        endQuarantines(store, maker, now, (all) => deadlines.areOver(all, { now, ...clocks })),
        endResponses(store, now),
        endHarmful(store, maker, circumstances, now),
      ];
      if (hasEnded.includes(true)) changed();
      const responses = store.responses.pendings();
      return { quarantines: store.quarantines.list(), responses };
    },
  };
}
