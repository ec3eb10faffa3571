import assert from 'node:assert/strict';
import type { Provisional } from '../core/clock.ts';
import type { Observation, Released } from '../core/observation.ts';
import { Phi } from '../core/phi.ts';

/**
 * One record's observations as a JSON array: what they share, then a tuple for each. A quarter of
 * plain JSON, and most of what the gateway writes to its disk.
 *
 *     [key, device, subject|0, at, receivedAt, "d"|"c"|"g", deviceTime|0, doubt, tuple...]
 *     numeric, enumeration  ["n"|"e", suffix, metric, value|null, absent|0, doubt]
 *     samples               ["s", suffix, metric, values|null, absent|0, doubt, periodMs]
 *     alert                 ["a", suffix, event, metric|0, phase, doubt, priority]
 *
 * An observation's id is `key.suffix`; a tuple's doubt is 1 for a questionable quality. The instants
 * are milliseconds since the epoch, and the entry's doubt is their uncertainty in ms, 0 where it is
 * not known; while the gateway does not know the time, it is `[uncertainty, boot, monotonicMs]`.
 */
export type StoredEntry = readonly [
  key: string,
  device: string,
  subject: string | 0,
  at: number,
  receivedAt: number,
  clock: 'd' | 'c' | 'g',
  deviceTime: string | 0,
  doubt: number | readonly [uncertaintyMs: number, boot: string, monotonicMs: number],
  ...observations: StoredObservation[],
];

type StoredObservation =
  | readonly ['n' | 'e', string, string, number | string | null, string | 0, 0 | 1]
  | readonly ['s', string, string, readonly number[] | null, string | 0, 0 | 1, number]
  | readonly ['a', string, string, string | 0, string, 0 | 1, string];

export function encodeEntry(observations: readonly Released[]): string {
  const [first] = observations;
  assert(first, 'an entry holds at least one observation');
  const { id, device, subject, at, clock, deviceTime, receivedAt } = first;
  const key = id.slice(0, id.lastIndexOf('.'));
  const who = subject === undefined ? 0 : `"${subject}"`;
  const said = deviceTime === undefined ? 0 : JSON.stringify(deviceTime);
  // Keys, pseudonyms, metrics and words of our tables need no escape; what a device wrote does.
  let text = `["${key}","${device}",${who},${at},${receivedAt},"${clock.charAt(0)}",${said},${doubtOf(first)}`;
  for (const observation of observations) {
    assert(
      observation.device === device && observation.subject === subject && observation.at === at,
      'one entry, one record',
    );
    text += `,${encodeObservation(observation, observation.id.slice(key.length + 1))}`;
  }
  return `${text}]`;
}

function doubtOf({ uncertaintyMs = 0, provisional }: Released): string | number {
  if (!provisional) return uncertaintyMs;
  return JSON.stringify([uncertaintyMs, provisional.boot, provisional.monotonicMs]);
}

function encodeObservation(observation: Released, suffix: string): string {
  const doubt = observation.quality === 'questionable' ? 1 : 0;
  if (observation.kind === 'alert') {
    const { event, metric = 0, phase, priority } = observation;
    return JSON.stringify(['a', suffix, event, metric, phase, doubt, priority]);
  }
  const { metric, value, absent } = observation;
  const reason = absent === undefined ? 0 : `"${absent}"`;
  const measured = value === undefined ? null : JSON.stringify(value);
  const period = observation.kind === 'samples' ? `,${observation.periodMs}` : '';
  const kind = observation.kind.charAt(0);
  return `["${kind}","${suffix}","${metric}",${measured},${reason},${doubt}${period}]`;
}

/** The moment of its arrival, while its time was not known. */
export function markOf([, , , , , , , doubt]: StoredEntry): Provisional | undefined {
  if (typeof doubt === 'number') return undefined;
  const [, boot, monotonicMs] = doubt;
  return { boot, monotonicMs };
}

/** How many observations it holds. */
export function countOf([, , , , , , , , ...observations]: StoredEntry): number {
  return observations.length;
}

const clocks = { d: 'device', c: 'corrected', g: 'gateway' } as const;

/** The inverse of `encodeEntry`: what went in released comes out released. */
export function decodeEntry(entry: StoredEntry): readonly Released[] {
  const [key, device, subject, at, receivedAt, clock, deviceTime, doubt, ...observations] = entry;
  const [uncertaintyMs, boot, monotonicMs] = typeof doubt === 'number' ? [doubt] : doubt;
  const common = {
    device,
    ...(subject !== 0 && { subject }),
    at,
    clock: clocks[clock],
    ...(uncertaintyMs > 0 && { uncertaintyMs }),
    ...(boot !== undefined && { provisional: { boot, monotonicMs } }),
    ...(deviceTime !== 0 && { deviceTime }),
    receivedAt,
  };
  return observations.map(
    (each) => ({ ...common, ...decodeObservation(each, key) }) as unknown as Released,
  );
}

function decodeObservation(stored: StoredObservation, key: string): object {
  const [kind, suffix, what, value, reason, doubt] = stored;
  const common = { id: `${key}.${suffix}`, quality: doubt === 1 ? 'questionable' : 'good' };
  if (kind === 'a') {
    const [, , , metric, phase, , priority] = stored;
    const about = metric === 0 ? {} : { metric };
    return { ...common, kind: 'alert', event: what, phase, priority, ...about };
  }
  const measured = reason === 0 ? { value } : { absent: reason };
  if (kind === 's') {
    const [, , , , , , periodMs] = stored;
    return { ...common, kind: 'samples', metric: what, periodMs, ...measured };
  }
  return { ...common, kind: kind === 'n' ? 'numeric' : 'enumeration', metric: what, ...measured };
}

/**
 * Observations that wait. The subject is kept, in the encrypted database as associations are; what
 * else names a person would not leave anyway, and is left out.
 */
export function encodeHeld(observations: readonly Observation[]): string {
  return JSON.stringify(
    observations.map(({ performer, note, subject, ...rest }) => ({
      ...rest,
      ...(subject instanceof Phi && { subject: subject.reveal() }),
    })),
  );
}

export function decodeHeld(body: string): readonly Observation[] {
  const stored = JSON.parse(body) as readonly (object & { readonly subject?: string })[];
  return stored.map(
    ({ subject, ...rest }) =>
      ({ ...rest, ...(subject !== undefined && { subject: new Phi(subject) }) }) as Observation,
  );
}
