import type { Finding } from '../core/finding.ts';
import { type IdentifierKind, identifiersIn } from '../core/identifier.ts';
import type { Rejection } from '../core/intake.ts';
import type { NameDictionary } from '../core/name-dictionary.ts';
import { Phi } from '../core/phi.ts';
import type { Signal } from '../core/signal.ts';

/** Reasons whose detail is a text that the device chose. */
const chosen: ReadonlySet<string> = new Set([
  'malformed',
  'unknown-metric',
  'wrong-unit',
  'not-a-number',
  'implausible',
]);

export interface Redacted {
  readonly rejected: readonly Rejection[];
  readonly signals: readonly Signal[];
}

/** What was refused is written down and shown: whoever it names is taken out before. */
export function redact(
  rejections: readonly Rejection[],
  names: NameDictionary | undefined,
): Redacted {
  const signals: Signal[] = [];
  const rejected = rejections.map((rejection) => {
    const what = whatIn(rejection, names);
    if (what === undefined) return rejection;
    const { device, at } = rejection;
    signals.push({ kind: 'identifier-found', device, at, what, place: 'input' });
    return { ...rejection, detail: String(new Phi(rejection.detail)) };
  });
  return { rejected, signals };
}

/**
 * Evidence may hold what the other side chose, such as a topic, and goes to people and collectors that may not
 * know who is ill: whoever it names is taken out of it.
 */
export function redactFindings(
  findings: readonly Finding[],
  names: NameDictionary | undefined,
): readonly Finding[] {
  return findings.map((finding) => {
    const said = Object.entries(finding.evidence);
    const isNaming = (value: number | string) =>
      typeof value === 'string' && nameIn(value, names) !== undefined;
    if (!said.some(([, value]) => isNaming(value))) return finding;
    const evidence = said.map(([key, value]) => [
      key,
      isNaming(value) ? String(new Phi(`${value}`)) : value,
    ]);
    return { ...finding, evidence: Object.fromEntries(evidence) };
  });
}

function whatIn(
  { reason, detail }: Rejection,
  names: NameDictionary | undefined,
): IdentifierKind | 'known-name' | undefined {
  return chosen.has(reason) ? nameIn(detail, names) : undefined;
}

function nameIn(
  text: string,
  names: NameDictionary | undefined,
): IdentifierKind | 'known-name' | undefined {
  const [kind] = identifiersIn(text);
  return kind ?? (names?.holds(text) ? 'known-name' : undefined);
}
