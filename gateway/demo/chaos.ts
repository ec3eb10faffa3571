import { setTimeout as delay } from 'node:timers/promises';
import type { FhirFault, FhirHospital } from '../hospital/fhir-hospital.ts';

const faults: readonly FhirFault[] = [
  'down',
  '500',
  'cut-after-store',
  'html',
  'slow',
  'truncated',
  '503-retry-after',
];
const faultMs = 1_500;
const calmMs = 1_500;

/** Lets the hospital fail in every way it can, one after the other, until aborted. Ends calm. */
export async function chaos(
  hospital: FhirHospital,
  signal: AbortSignal,
  onFault: (fault: FhirFault) => void,
): Promise<void> {
  try {
    for (let turn = 0; !signal.aborted; turn += 1) {
      await delay(calmMs, undefined, { signal });
      const fault = faults[turn % faults.length] ?? 'none';
      onFault(fault);
      hospital.setFault(fault);
      await delay(faultMs, undefined, { signal });
      hospital.setFault('none');
    }
  } catch {
    // Aborted: the demonstration is over.
  }
  hospital.setFault('none');
}
