import type { PatchDeadline } from '../core/rama.ts';

/**
 * CISA’s Binding Operational Directive 26-04: until when a vulnerability is to be fixed. It binds US
 * federal agencies; to everybody else it is a measure of what is timely.
 */
export interface BodFacts {
  readonly isKnownExploited: boolean;
  /** The device can be reached from the internet. */
  readonly isExposed: boolean;
  readonly isAutomatable: boolean;
  readonly isTotal: boolean;
}

/** Without days: with the next regular upgrade. Forensics: look for traces before it is fixed. */
type BodRow = Omit<PatchDeadline, 'dueAt'>;

const days = (count: number, isForensicsNeeded = false): BodRow => ({
  days: count,
  isForensicsNeeded,
});
const upgrade: BodRow = { isForensicsNeeded: false };

/** Known exploited, exposed, automatable, total: a digit each. */
const rows: Readonly<Record<string, BodRow>> = {
  '0000': upgrade,
  '0001': upgrade,
  '0010': days(60),
  '0011': days(60),
  '0100': days(60),
  '0101': days(14),
  '0110': days(14),
  '0111': days(3),
  '1000': days(14),
  '1001': days(14),
  '1010': days(14),
  '1011': days(3, true),
  '1100': days(14),
  '1101': days(3, true),
  '1110': days(3),
  '1111': days(3, true),
};

export function bodRow(facts: BodFacts): BodRow {
  const { isKnownExploited, isExposed, isAutomatable, isTotal } = facts;
  const digits = [isKnownExploited, isExposed, isAutomatable, isTotal];
  const row = rows[digits.map((each) => (each ? '1' : '0')).join('')];
  if (!row) throw new Error('the table has a row for everything');
  return row;
}
