import type { Phi } from './phi.ts';
import type { Place } from './place.ts';

/**
 * What happened to one patient's place. `register` begins a visit without an admission, `update`
 * repeats what was said before, and `other` is no movement that is applied here.
 */
export type AdmissionEvent =
  | 'admit'
  | 'register'
  | 'transfer'
  | 'discharge'
  | 'update'
  | 'cancel-admit'
  | 'cancel-transfer'
  | 'cancel-discharge'
  | 'other';

/** What a hospital's patient administration says of one patient (HL7 v2 ADT). */
export interface Admission {
  readonly event: AdmissionEvent;
  /** The sender's own code of it, such as `A01`. */
  readonly trigger: string;
  /** The patient, in the hospital's own words; empty where none is named. Names a person. */
  readonly subject: string;
  /** Where the patient lies once this has happened. */
  readonly place: Place;
  /** The number of the visit; empty where none is stated. */
  readonly visit: string;
  /** Told long after the patient moved on (IHE ITI-31, ZBE-5). */
  readonly isHistoric?: boolean | undefined;
}

/** What the hospital said last of one patient's place. */
export interface Stay {
  readonly subject: Phi;
  /** By `bedOf`. Undefined: no bed, or not in the hospital any more. */
  readonly bed: string | undefined;
  readonly isPresent: boolean;
  readonly visit: string;
  /** When it began, on the gateway's clock. */
  readonly at: number;
  /**
   * What the hospital's clock showed then, where it states no zone or runs ahead: comparable with
   * its like only. Milliseconds, as if it were UTC.
   */
  readonly wallTime?: number | undefined;
}
