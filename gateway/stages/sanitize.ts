import assert from 'node:assert/strict';
import type { DeviceId } from '../core/device.ts';
import type { Rejection } from '../core/intake.ts';
import { isPseudonym, type Observation, type Released } from '../core/observation.ts';
import { Phi } from '../core/phi.ts';
import type { SanitizerKeys, SanitizerRule } from '../core/sanitizer.ts';

export interface Sanitized {
  readonly released: readonly Released[];
  readonly rejected: readonly Rejection[];
}

/** Applies every rule to every observation, in order. This is the only door out of the gateway. */
export function sanitize(
  observations: readonly Observation[],
  rules: readonly SanitizerRule[],
  keys: SanitizerKeys,
): Sanitized {
  const released: Released[] = [];
  const rejected: Rejection[] = [];

  for (const observation of observations) {
    let safe: Observation | undefined = observation;
    let withheldBy = 'names-a-person';
    for (const rule of rules) {
      safe = rule.apply(safe, keys);
      if (safe) continue;
      withheldBy = rule.id;
      break;
    }
    if (safe && namesNobody(safe)) {
      released.push(safe);
    } else {
      rejected.push({
        device: observation.device as DeviceId,
        at: observation.receivedAt,
        stage: 'sanitize',
        reason: 'withheld',
        detail: withheldBy,
      });
    }
  }

  assert(released.length + rejected.length === observations.length);
  return { released, rejected };
}

/** Holds even when a rule was forgotten: what still names a person or a device does not leave. */
function namesNobody(observation: Observation): observation is Released {
  const { kind, device, subject, performer, note } = observation;
  return (
    isPseudonym(device) &&
    (subject === undefined ? kind === 'alert' : !(subject instanceof Phi)) &&
    !((performer as unknown) instanceof Phi || (note as unknown) instanceof Phi)
  );
}
