/** What a hospital's patient administration says of one patient (HL7 v2 ADT, FHIR Encounter). */
export interface Admission {
  readonly event: 'admit' | 'transfer' | 'discharge' | 'update';
  /** The patient, in the hospital's own words. Names a person: never logged. */
  readonly subject: string;
  readonly location: Location;
  readonly priorLocation: Location;
  /** The number of the visit. */
  readonly visit: string | undefined;
  /** When it happened, as ISO 8601, without an offset where none is stated. */
  readonly time: string | undefined;
}

/** Each empty where it is not said. */
type Location = readonly [ward: string, room: string, bed: string];
