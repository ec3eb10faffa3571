import { GatewayError } from '../core/error.ts';
import { storeError } from '../store/database.ts';
import type { HeldTurn } from './held-turns.ts';
import type { Keeper } from './keeping.ts';

export interface HeldSchedule {
  /** Something may be due by now. */
  check(): void;
  close(): void;
}

/**
 * Lets go what is due, a portion each turn of the thread’s loop: whatever came meanwhile, an alarm
 * perhaps, is kept before the next portion.
 */
export function scheduleHeld(
  keeper: Pick<Keeper, 'hasHeldDue' | 'turnHeld'>,
  tell: (turn: HeldTurn) => void,
): HeldSchedule {
  let isScheduled = false;
  let isClosed = false;

  function check(): void {
    if (isScheduled || isClosed || !keeper.hasHeldDue()) return;
    isScheduled = true;
    setImmediate(turn);
  }

  function turn(): void {
    isScheduled = false;
    if (isClosed) return;
    try {
      const turned = keeper.turnHeld();
      if (turned) tell(turned);
    } catch (cause) {
      // The disk is full, perhaps: it stays due, and the next message looks again.
      if (!(storeError(cause, 'the store') instanceof GatewayError)) throw cause;
      return;
    }
    check();
  }

  return {
    check,
    close() {
      isClosed = true;
    },
  };
}
