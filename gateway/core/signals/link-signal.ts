import type { Channel } from '../intake.ts';
import type { Instant } from '../observation.ts';

/** What a link over a network saw of its peer: sockets, handshakes, MQTT. */
export type LinkSignal =
  | { readonly kind: 'connected' }
  /** A TLS handshake was finished by somebody whose certificate holds. */
  | {
      readonly kind: 'handshake';
      /** As Node names them: `TLSv1.3`, `TLS_AES_256_GCM_SHA384`. */
      readonly version: string;
      readonly cipher: string;
      readonly isResumed: boolean;
      /** SHA-256 of the certificate. */
      readonly certificate: string;
      /** The signature algorithms both sides know, in the client’s order; none when resumed. */
      readonly algorithms: string;
    }
  | { readonly kind: 'disconnected'; readonly cause: string }
  /** A TLS handshake or CONNECT was refused. */
  | { readonly kind: 'refused'; readonly cause: string }
  /** Connections that an address opened since the last sweep, whatever became of them. */
  | { readonly kind: 'knocks'; readonly count: number }
  /** A connection of the same certificate gave its place to this one. */
  | {
      readonly kind: 'taken-over';
      readonly isSameAddress: boolean;
      /**
       * It had spoken a moment before, from its own address or as another client: two have this
       * certificate.
       */
      readonly wasAlive: boolean;
    }
  /** A connection that gave its place to another of its certificate said good-bye: it was attended. */
  | { readonly kind: 'displaced' }
  /** A topic filter was granted. */
  | {
      readonly kind: 'subscribed';
      readonly topic: string;
      /** How many the client has now. */
      readonly filters: number;
      /** How many topics it would see of those that the gateway sent lately. */
      readonly reach: number;
    }
  /** PINGREQs since the last sweep. */
  | { readonly kind: 'pinged'; readonly count: number }
  /**
   * How full the link is: connections, those before their CONNECT, also within their handshake, and how
   * late its sweep came.
   */
  | {
      readonly kind: 'crowd';
      readonly connections: number;
      readonly waiting: number;
      readonly lagMs: number;
    }
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
      /** Shannon entropy of its first bytes, 0 to 8 bits a byte. */
      readonly entropyBits?: number | undefined;
    };
