import type { Phi } from './phi.ts';

/** Patient ids that vendors ship as a default, or that say they are no patient. */
const placeholders = new Set([
  '99999',
  '999999',
  '123456',
  'HED12',
  'DEMO',
  'TEST',
  'UNKNOWN',
  'NONE',
  'NULL',
  'NA',
  'N/A',
  'PATIENT',
  'DEFAULT',
  'ANONYMOUS',
  'SIMULATOR',
]);

/** True for an id that stands for nobody and must never become a patient. */
export function isPlaceholderSubject(subject: string): boolean {
  const text = subject.trim().toUpperCase();
  return placeholders.has(text) || /^[-_.*?#X0 ]*$/.test(text);
}

/** The longest id that is taken for a patient's. */
export const subjectLengthMax = 64;

/** True for an id that can be a patient's. */
export function isSubject(text: string): boolean {
  return !isPlaceholderSubject(text) && text.trim().length <= subjectLengthMax;
}

/** Binds one device to one patient for a time. Milliseconds since the epoch. */
export interface Association {
  readonly subject: Phi;
  readonly since: number;
  /** Undefined while it lasts. */
  readonly until?: number | undefined;
}

/**
 * How far before the moment of associating a device an association reaches back, but never past
 * the end of the one before: a nurse puts the sensor on first and scans the wristband after.
 */
export const associationReachesBackMs = 15 * 60_000;
