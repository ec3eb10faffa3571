import { alertEvents } from './alert.ts';
import { isClockFace } from './clock.ts';
import { type Metric, type MetricId, metrics } from './metric.ts';
import type { Released } from './observation.ts';
import type { Lane } from './relay.ts';

/**
 * The released observations of one record as plain JSON, for destinations that speak no medical
 * standard: `{"order":1,"observations":[...]}`, described in docs/relays.md. Every field is picked by hand:
 * what is not named here does not leave. The same entry gives the same text, however often.
 *
 * Only for what `flawOf` found in order.
 *
 * @param order the entry's place in the order of arrival; a live feed has none
 */
export function releasedJson(observations: readonly Released[], order?: number): string {
  return JSON.stringify({ order, observations: observations.map(plain) });
}

/** Where consumers at our own broker read. */
export const feedRoot = 'released';

const channels = {
  alert: 'alerts',
  numeric: 'observations',
  trend: 'observations',
  waveform: 'waveforms',
} as const satisfies Record<Lane, string>;

/** The MQTT topic of a record: `<root>/<pseudonymous device>/<what it is>`. */
export function releasedTopic(root: string, lane: Lane, [first]: readonly Released[]): string {
  return `${root}/${first?.device}/${channels[lane]}`;
}

function plain(observation: Released): object {
  const { id, kind, device, subject, at, clock, uncertaintyMs, provisional } = observation;
  const { deviceTime, receivedAt, quality } = observation;
  return {
    id,
    kind,
    device,
    // Only an alert may concern nobody.
    ...(subject !== undefined && { subject }),
    ...statement(observation),
    at: new Date(at).toISOString(),
    clock,
    ...(uncertaintyMs !== undefined && { uncertaintyMs }),
    // The gateway did not know the time, and could not wait until it did.
    ...(provisional && { isTimeUntrusted: true }),
    ...(isClockFace(deviceTime) && { deviceTime }),
    receivedAt: new Date(receivedAt).toISOString(),
    quality,
  };
}

function statement(observation: Released): object {
  if (observation.kind === 'alert') {
    const { event, metric, phase, priority } = observation;
    const source = metric === undefined ? {} : { metric: named(metric) };
    return { event, eventCode: alertEvents[event], ...source, phase, priority };
  }
  const { loinc, unit } = metrics[observation.metric] as Metric;
  const hasUnit = observation.kind !== 'enumeration';
  return {
    metric: named(observation.metric),
    ...(loinc !== undefined && { loinc }),
    ...(hasUnit && { unit }),
    ...measured(observation),
  };
}

/** By its ISO/IEEE 11073-10101 reference id, with the context-free code where it has one. */
function named(metric: MetricId): object {
  const { code } = metrics[metric] as Metric;
  return { id: metric, ...(code !== undefined && { mdc: code }) };
}

type Measurement = Exclude<Released, { kind: 'alert' }>;

/** Never both value and reason, never neither: what cannot be stated is absent, and never zero. */
function measured(observation: Measurement): object {
  if (observation.absent !== undefined) return { absent: observation.absent };
  switch (observation.kind) {
    case 'numeric':
      return Number.isFinite(observation.value)
        ? { value: observation.value }
        : { absent: 'not-a-number' };
    case 'enumeration':
      return typeof observation.value === 'string' && observation.value !== ''
        ? { value: observation.value }
        : { absent: 'unknown' };
    case 'samples': {
      const { value, periodMs } = observation;
      if (value.length === 0) return { absent: 'unknown' };
      // `null` marks a sample without a value.
      return {
        periodMs,
        samples: value.map((sample) => (Number.isFinite(sample) ? sample : null)),
      };
    }
  }
}
