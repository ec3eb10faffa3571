import type { ClinicalFunction, DeviceClass } from '../core/device.ts';
import type { Instant } from '../core/observation.ts';
import type { RamaSubject } from '../core/rama.ts';
import { criticality } from './criteria.ts';
import { heldGates } from './gates.ts';
import type { Reckoning, View } from './item.ts';
import { postureItems } from './posture.ts';
import { threatItems } from './threats.ts';
import { vulnerabilityItems } from './vulnerabilities.ts';

/** What is known of a device, as figures. */
export function reckoningOf(subject: RamaSubject, now: Instant, view: View): Reckoning {
  return {
    items: [
      ...vulnerabilityItems(subject, now, view),
      ...postureItems(subject, now, view),
      ...threatItems(subject.episodes, now),
    ],
    gates: heldGates(subject, now, view),
    criticality: criticalityOf(subject.class, subject.function),
  };
}

export function criticalityOf(deviceClass: DeviceClass, clinical: ClinicalFunction): number {
  const sum = criticality.class[deviceClass] + criticality.function[clinical];
  return Math.min(criticality.max, Math.max(criticality.min, sum));
}
