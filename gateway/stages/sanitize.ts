import assert from 'node:assert/strict';
import type { DeviceId } from '../core/device.ts';
import type { Rejection } from '../core/intake.ts';
import type { NameDictionary } from '../core/name-dictionary.ts';
import { isPseudonym, type Observation, type Released } from '../core/observation.ts';
import { Phi } from '../core/phi.ts';
import type { SanitizerKeys, SanitizerRule } from '../core/sanitizer.ts';
import { faceIn, type Leak, leakOf } from './leak.ts';

export interface Sanitized {
  readonly released: readonly Released[];
  readonly rejected: readonly Rejection[];
  /** What would have named a person behind all rules, and was taken out or withheld. */
  readonly leaks: readonly Leak[];
}

/**
 * Applies every rule to every observation, in order. This is the only door out of the gateway.
 *
 * @param here all patients of this site: one may be named in what is said of another
 */
export function sanitize(
  observations: readonly Observation[],
  rules: readonly SanitizerRule[],
  keys: SanitizerKeys,
  here?: NameDictionary,
): Sanitized {
  const released: Released[] = [];
  const rejected: Rejection[] = [];
  const leaks: Leak[] = [];
  // The observations of a record share one printed time: it is looked at once.
  let face: string | undefined;

  for (const observation of observations) {
    let safe: Observation | undefined = observation;
    let withheldBy = 'names-a-person';
    for (const rule of rules) {
      safe = rule.apply(safe, keys);
      if (safe) continue;
      withheldBy = rule.id;
      break;
    }
    if (safe) face = faceIn(safe, face);
    const leak = safe && leakOf(safe, observation, face, here);
    if (leak !== undefined) {
      const { device, receivedAt } = observation;
      leaks.push({ device: device as DeviceId, at: receivedAt, what: leak });
      // Its time may go without what the device printed; a text is all that an enumeration is.
      if (safe?.kind === 'enumeration') safe = undefined;
      else if (safe) safe = { ...safe, deviceTime: undefined };
      withheldBy = 'identifier';
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
  return { released, rejected, leaks };
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
