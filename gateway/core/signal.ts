import type { ClockStep } from './clock.ts';
import type { DeviceId } from './device.ts';
import type { Channel } from './intake.ts';
import type { Instant } from './observation.ts';
import type { ActionName } from './principal.ts';

interface Common {
  readonly at: Instant;
  /** Known only once a certificate named it. */
  readonly device?: DeviceId | undefined;
  /** Remote address without its port. */
  readonly address?: string | undefined;
}

/** What detectors look at: what a link or the gateway itself saw, never what a patient's data says. */
export type Signal = Common &
  (
    | { readonly kind: 'connected' }
    | { readonly kind: 'disconnected'; readonly cause: string }
    /** A TLS handshake or CONNECT was refused. */
    | { readonly kind: 'refused'; readonly cause: string }
    /** Somebody did not sign in: a wrong name, password or code, whoever’s. */
    | { readonly kind: 'sign-in-refused'; readonly isLocked: boolean }
    /** A certificate that has expired was let in, by a grace that ends then. */
    | { readonly kind: 'grace-used'; readonly until: Instant }
    /** A packet broke MQTT 3.1.1; `cause` is the clause, such as `MQTT-3.3.1-4`. */
    | { readonly kind: 'protocol-violation'; readonly cause: string }
    | {
        readonly kind: 'topic-refused';
        readonly action: 'publish' | 'subscribe';
        readonly topic: string;
      }
    /** Somebody asked over HTTPS for what the rights refuse; `actor` as in the audit trail. */
    | {
        readonly kind: 'access-refused';
        readonly action: ActionName;
        readonly actor?: string | undefined;
      }
    /** A limit of the link was reached: connections, rate, size, time. */
    | { readonly kind: 'limit'; readonly limit: string }
    | {
        readonly kind: 'message';
        readonly channel: Channel;
        readonly bytes: number;
        readonly records: number;
      }
    | { readonly kind: 'rejected'; readonly reason: string; readonly detail: string }
    /** Another serial number is announced under this device’s name. */
    | { readonly kind: 'device-swapped' }
    /** The device’s clock did not just go on: set, another zone, or a counter that began anew. */
    | {
        readonly kind: 'clock-stepped';
        readonly cause: ClockStep['cause'];
        readonly stepMs: number;
      }
    | { readonly kind: 'line-opened' }
    | { readonly kind: 'line-closed'; readonly cause: string }
    | { readonly kind: 'line-damaged'; readonly discardedBytes: number }
    /** Somebody spoke on a link that belongs to one peer alone; so often since the last report. */
    | { readonly kind: 'stranger'; readonly count: number }
  );

export type SignalKind = Signal['kind'];
