import type { Association } from '../core/association.ts';
import type { Observation } from '../core/observation.ts';

export interface Associated {
  readonly observations: readonly Observation[];
  /** Nobody was bound to the device when these were measured: kept back, not relayed. */
  readonly held: readonly Observation[];
}

/**
 * Gives each observation the patient its device was bound to when it was measured, which is not
 * always the one it is bound to now. An observation that names its own subject keeps it.
 *
 * While the gateway does not know the time, no instant says who that was. What is measured at this
 * moment (`isPresent`) is of whoever is bound at this moment; anything else waits until it is known.
 */
export function associate(
  observations: readonly Observation[],
  associations: readonly Association[],
  isPresent: boolean,
): Associated {
  const bound: Observation[] = [];
  const held: Observation[] = [];

  for (const observation of observations) {
    if (observation.subject !== undefined) {
      bound.push(observation);
      continue;
    }
    const { at, provisional } = observation;
    const association = provisional
      ? associations.find(({ until }) => isPresent && until === undefined)
      : associations.find(({ since, until }) => at >= since && (until === undefined || at < until));
    if (association) bound.push({ ...observation, subject: association.subject });
    // An alarm is never delayed: it leaves with the device's name alone.
    else if (observation.kind === 'alert') bound.push(observation);
    else held.push(observation);
  }
  return { observations: bound, held };
}

/** What another device said under this one's name: its alarms alone leave, and name nobody. */
export function distrust(observations: readonly Observation[]): Associated {
  const alerts = observations.filter(({ kind }) => kind === 'alert');
  return {
    observations: alerts.map(({ subject, ...alert }) => alert as Observation),
    held: observations.filter(({ kind }) => kind !== 'alert'),
  };
}
