import { isClockFace } from '../core/clock.ts';
import type { DeviceId } from '../core/device.ts';
import { type IdentifierKind, identifiersIn } from '../core/identifier.ts';
import type { NameDictionary } from '../core/name-dictionary.ts';
import type { Instant, Observation } from '../core/observation.ts';
import { Phi } from '../core/phi.ts';

export interface Leak {
  readonly device: DeviceId;
  readonly at: Instant;
  readonly what: IdentifierKind | 'known-name';
}

/**
 * Looks at what is about to leave, whatever the rules did: texts that a device chose, for identifiers
 * by their form and for the names that came with the same record.
 */
export function leakOf(
  safe: Observation,
  original: Observation,
  /** What it printed as its time, where it is one: that is no text. */
  face: string | undefined,
  here?: NameDictionary,
): Leak['what'] | undefined {
  const told = safe.kind === 'enumeration' ? safe.value : undefined;
  const printed = safe.deviceTime === face ? undefined : safe.deviceTime;
  if (told === undefined && printed === undefined) return undefined;
  const { subject, performer, note } = original;
  const names = [subject, performer, note].flatMap((name) =>
    name instanceof Phi ? [name.reveal().trim().toLowerCase()] : [],
  );
  for (const text of [told, printed]) {
    if (text === undefined) continue;
    const [kind] = identifiersIn(text);
    if (kind !== undefined) return kind;
    const lower = text.toLowerCase();
    if (names.some((name) => name.length >= nameCharsMin && lower.includes(name)))
      return 'known-name';
    if (here?.holds(text)) return 'known-name';
  }
  return undefined;
}

/** Shorter ones are found in any text. */
const nameCharsMin = 4;

/** What a device printed as its time, where it is one. `before`: what was found to be one just now. */
export function faceIn(
  { deviceTime }: Observation,
  before: string | undefined,
): string | undefined {
  if (deviceTime === before) return before;
  return isClockFace(deviceTime) ? deviceTime : undefined;
}
