import type { Posture } from './rama.ts';

/** What a maker answered to one question of the form. */
export type Mds2Answer = 'yes' | 'no' | 'not-applicable' | 'see-note';

/**
 * A maker’s disclosure statement of a device model (MDS2, ANSI/NEMA HN 1-2019): what the maker says,
 * which nobody here has seen to be so.
 */
export interface Mds2Form {
  /** The id of a device profile. */
  readonly model: string;
  /** By the id of the question, such as `NAUT-3`. */
  readonly answers: Readonly<
    Record<string, { readonly answer: Mds2Answer; readonly note: string }>
  >;
  /** SHA-256 of the file, hexadecimal. */
  readonly sha256: string;
  readonly importedAt: number;
}

/** What an answer says of a device’s posture, as values of that question. */
export type PostureValues = {
  readonly [Question in keyof Posture]?: NonNullable<Posture[Question]>['value'];
};
