import type { Phi } from './phi.ts';

/** Patient ids that vendors ship as a default, or that say they are no patient. */
const placeholders = new Set([
  '',
  '0',
  '1',
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

/** Binds one device to one patient from an instant on. */
export interface Association {
  readonly subject: Phi;
  readonly since: number;
}
