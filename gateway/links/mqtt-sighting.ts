import type { Signal } from '../core/signal.ts';

type WithoutOrigin<Seen> = Seen extends unknown
  ? Omit<Seen, 'at' | 'device' | 'consumer' | 'address'>
  : never;

/** A topic in a signal: somebody outside chose it. */
export const topicCharsMax = 128;

/** A signal before the connection it came from has put its name to it. */
export type Sighting = WithoutOrigin<Signal>;

/** A clause of the standard was broken, or else a limit of ours was reached. */
export function sightingOf(cause: string): Sighting {
  return cause.startsWith('MQTT-')
    ? { kind: 'protocol-violation', cause }
    : { kind: 'limit', limit: cause };
}

/** The one word for a log line. */
export function causeOf(sighting: Sighting): string {
  switch (sighting.kind) {
    case 'limit':
      return sighting.limit;
    case 'refused':
    case 'protocol-violation':
      return sighting.cause;
    default:
      return sighting.kind;
  }
}
