import type { DeviceId } from '../core/device.ts';
import type { Policy } from '../pipeline/policy.ts';
import type { Store } from '../store/store.ts';
import { type Portion, releasePortion } from '../ward/held-release.ts';

/** One portion of what was held, on the disk. */
export interface HeldTurn {
  readonly device: DeviceId;
  /** Observations that left with this portion. */
  readonly departures: number;
  readonly withAlerts: boolean;
  /** Of all portions of this device, once it was the last one. */
  readonly done?: Pick<Portion, 'released' | 'stillHeld'> | undefined;
}

/**
 * Whose held rows are to be looked at: a portion at a time, one device after the other. Nothing of it is
 * written down, for what is due can be told from what is held: whoever starts looks at all.
 */
export interface HeldTurns {
  readonly isEmpty: boolean;
  look(devices: Iterable<DeviceId>): void;
  /** Everything that is held may be due: at the start, with other settings, once the time is known. */
  lookAtAll(store: Store): void;
  /** In a transaction of its own, between batches. */
  turn(store: Store, policy: Policy): HeldTurn | undefined;
}

interface Place {
  readonly after: number;
  readonly released: number;
  readonly stillHeld: number;
}

const first: Place = { after: 0, released: 0, stillHeld: 0 };

export function createHeldTurns(): HeldTurns {
  const due = new Map<DeviceId, Place>();

  function look(devices: Iterable<DeviceId>): void {
    for (const device of devices) due.set(device, first);
  }

  return {
    get isEmpty() {
      return due.size === 0;
    },
    look,
    lookAtAll: (store) => look(store.held.depths().map(({ device }) => device)),
    turn(store, policy) {
      const [next] = due;
      if (!next) return undefined;
      const [device, place] = next;
      const portion = store.transact(() => releasePortion(store, policy, device, place.after));
      const released = place.released + portion.released;
      const stillHeld = place.stillHeld + portion.stillHeld;
      const { after, withAlerts } = portion;
      if (after === undefined) due.delete(device);
      else due.set(device, { after, released, stillHeld });
      const done = after === undefined ? { released, stillHeld } : undefined;
      return { device, departures: portion.released, withAlerts, done };
    },
  };
}
