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

function whatIn(
  { reason, detail }: Rejection,
  names: NameDictionary | undefined,
): IdentifierKind | 'known-name' | undefined {
  if (!chosen.has(reason)) return undefined;
  const [kind] = identifiersIn(detail);
  return kind ?? (names?.holds(detail) ? 'known-name' : undefined);
}
