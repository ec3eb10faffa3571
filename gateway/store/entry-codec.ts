import assert from 'node:assert/strict';
import type { Observation, Released } from '../core/observation.ts';

/** What all observations of one record share. */
interface Common {
  device: string;
  subject?: string;
  at: number;
  clock: 'device' | 'gateway';
  deviceTime?: string;
  receivedAt: number;
}

/**
 * One record's observations as text: what they share once, then each for itself. A third of plain
 * JSON, and most of what the gateway writes to its disk.
 */
export function encodeEntry(observations: readonly Released[]): string {
  const [first] = observations;
  assert(first, 'an entry holds at least one observation');
  const { device, subject, at, clock, deviceTime, receivedAt } = first;
  let text = `[{"device":"${device}","at":${at},"clock":"${clock}","receivedAt":${receivedAt}`;
  if (subject !== undefined) text += `,"subject":"${subject}"`;
  if (deviceTime !== undefined) text += `,"deviceTime":${JSON.stringify(deviceTime)}`;
  text += '}';
  for (const observation of observations) {
    assert(
      observation.device === device && observation.subject === subject && observation.at === at,
      'one entry, one record',
    );
    text += `,${encodeOwn(observation)}`;
  }
  return `${text}]`;
}

/** Ids, metrics, kinds and qualities come from tables and need no escape; values do. */
function encodeOwn(observation: Released): string {
  const { id, kind, quality } = observation;
  const start = `{"id":"${id}","kind":"${kind}","quality":"${quality}"`;
  if (kind === 'alert') {
    const { event, metric, phase, priority } = observation;
    const about = metric === undefined ? '' : `,"metric":"${metric}"`;
    return `${start},"event":"${event}","phase":"${phase}","priority":"${priority}"${about}}`;
  }
  const period = kind === 'samples' ? `,"periodMs":${observation.periodMs}` : '';
  const { metric, value, absent } = observation;
  const measured =
    absent !== undefined ? `"absent":"${absent}"` : `"value":${JSON.stringify(value)}`;
  return `${start},"metric":"${metric}"${period},${measured}}`;
}

/** The inverse of `encodeEntry`: what went in released comes out released. */
export function decodeEntry(body: string): readonly Released[] {
  const [common, ...own] = JSON.parse(body) as [Common, ...object[]];
  return own.map((each) => ({ ...common, ...each }) as unknown as Released);
}

/**
 * Observations that wait for a patient. What names a person is left out: it would not leave
 * anyway, and it must not lie on a disk.
 */
export function encodeHeld(observations: readonly Observation[]): string {
  return JSON.stringify(observations.map(({ performer, note, subject, ...rest }) => rest));
}

export function decodeHeld(body: string): readonly Observation[] {
  return JSON.parse(body);
}
