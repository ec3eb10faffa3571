import type { Channel } from '../intake.ts';
import type { Instant } from '../observation.ts';

/** What a link over a network saw of its peer: sockets, handshakes, MQTT. */
export type LinkSignal =
  | { readonly kind: 'connected' }
  | { readonly kind: 'disconnected'; readonly cause: string }
  /** A TLS handshake or CONNECT was refused. */
  | { readonly kind: 'refused'; readonly cause: string }
  /** A certificate that has expired was let in, by a grace that ends then. */
  | { readonly kind: 'grace-used'; readonly until: Instant }
  /** A packet broke MQTT 3.1.1; `cause` is the clause, such as `MQTT-3.3.1-4`. */
  | { readonly kind: 'protocol-violation'; readonly cause: string }
  | {
      readonly kind: 'topic-refused';
      readonly action: 'publish' | 'subscribe';
      readonly topic: string;
    }
  /** A limit of the link was reached: connections, rate, size, time. */
  | { readonly kind: 'limit'; readonly limit: string }
  /** What a device said, once it is in the intake: its size, and the records that were read from it. */
  | {
      readonly kind: 'message';
      readonly channel: Channel;
      readonly bytes: number;
      readonly records: number;
    };
