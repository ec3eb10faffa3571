import { setTimeout as delay } from 'node:timers/promises';
import type { Destination } from './hospital.ts';

const faultMs = 1_500;
const calmMs = 1_500;

/** Lets each destination fail in every way it can, one after the other, until aborted. Ends calm. */
export async function chaos(
  destinations: readonly Destination[],
  signal: AbortSignal,
  onFault: (fault: string, relay: string) => void,
): Promise<void> {
  const calm = () => {
    for (const destination of destinations) destination.setFault('none');
  };
  try {
    for (let turn = 0; !signal.aborted; turn += 1) {
      await delay(calmMs, undefined, { signal });
      for (const { relay, faults, setFault } of destinations) {
        const fault = faults[turn % faults.length] ?? 'none';
        onFault(fault, relay);
        setFault(fault);
      }
      await delay(faultMs, undefined, { signal });
      calm();
    }
  } catch {
    // Aborted: the demonstration is over.
  }
  calm();
}
