import type { Observation } from '../core/observation.ts';
import { isWithheld, type QuarantineMode } from '../core/quarantine.ts';

export interface Quarantined {
  /** These go on. Every alert is among them, untouched. */
  readonly observations: readonly Observation[];
  readonly held: readonly Observation[];
  /** Observations that were held or marked. */
  readonly count: number;
}

/**
 * What the quarantine of its device does to a record. An alarm is never held, and never marked: a
 * mark must not make a receiver sort it out.
 */
export function quarantine(
  observations: readonly Observation[],
  mode: QuarantineMode | undefined,
): Quarantined {
  if (mode === undefined) return { observations, held: [], count: 0 };
  const others = observations.filter(({ kind }) => kind !== 'alert');
  const count = others.length;
  if (isWithheld(mode)) {
    return {
      observations: observations.filter(({ kind }) => kind === 'alert'),
      held: others,
      count,
    };
  }
  const marked = observations.map((one) =>
    one.kind === 'alert' ? one : ({ ...one, quality: 'questionable' } as Observation),
  );
  return { observations: marked, held: [], count };
}
