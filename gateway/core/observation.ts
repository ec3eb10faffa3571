import type { AbsentReason } from './absent-reason.ts';
import type { AlertEventId, AlertPhase, AlertPriority } from './alert.ts';
import type { Dating } from './clock.ts';
import type { DeviceId } from './device.ts';
import type { MetricId } from './metric.ts';
import type { Phi } from './phi.ts';

/** Milliseconds since the epoch, on the gateway's clock. */
export type Instant = number & { readonly brand: 'Instant' };

/**
 * Stands for a patient or a device; only the holder of the destination's key can tell which
 * (GDPR Art. 4(5)). Starts with `_`, which no device id does.
 */
export type Pseudonym = string & { readonly brand: 'Pseudonym' };

export function isPseudonym(text: string): text is Pseudonym {
  return text.charCodeAt(0) === 0x5f;
}

/** Good, or usable with a doubt the device itself stated. */
export type Quality = 'good' | 'questionable';

interface Common {
  /** Stable over re-reading, restart and clock change; makes every delivery idempotent. */
  readonly id: string;
  readonly device: DeviceId | Pseudonym;
  /** Whom it was measured on; unknown until the device is associated. */
  readonly subject?: Phi | Pseudonym | undefined;
  /** When it was measured, and how that is known. */
  readonly at: Instant;
  readonly clock: Dating['clock'];
  /** `at` is at most this far off; undefined where nobody can say. */
  readonly uncertaintyMs?: number | undefined;
  /** The gateway did not know the time when this arrived: its instants move once it does. */
  readonly provisional?: Dating['provisional'];
  /** What the device's own clock printed, untouched. */
  readonly deviceTime?: string | undefined;
  /** When the gateway received it. */
  readonly receivedAt: Instant;
  readonly quality: Quality;
  /** Who operated the device, as the device says. */
  readonly performer?: Phi | undefined;
  /** Free text from the device. */
  readonly note?: Phi | undefined;
}

/** A value, or the reason why there is none. Never both, never neither. */
export type Measured<Value> =
  | { readonly value: Value; readonly absent?: undefined }
  | { readonly value?: undefined; readonly absent: AbsentReason };

/** ISO/IEEE 11073-10201 Numeric. The unit is the metric's own (UCUM). */
export type Numeric = Common & {
  readonly kind: 'numeric';
  readonly metric: MetricId;
} & Measured<number>;

/** ISO/IEEE 11073-10201 Enumeration. */
export type Enumeration = Common & {
  readonly kind: 'enumeration';
  readonly metric: MetricId;
} & Measured<string>;

/** ISO/IEEE 11073-10201 Sample Array: a waveform, evenly spaced from `at` on. */
export type SampleArray = Common & {
  readonly kind: 'samples';
  readonly metric: MetricId;
  readonly periodMs: number;
} & Measured<readonly number[]>;

/** ISO/IEEE 11073-10201 alert: what the device itself announces. Never dropped, never delayed. */
export interface AlertCondition extends Common {
  readonly kind: 'alert';
  readonly event: AlertEventId;
  /** The metric it is about. */
  readonly metric?: MetricId | undefined;
  readonly phase: AlertPhase;
  readonly priority: AlertPriority;
}

export type Observation = Numeric | Enumeration | SampleArray | AlertCondition;

/** Names the space our observation ids live in. */
export const observationIdSystem = 'urn:wardgate:observation';

declare const released: unique symbol;

/**
 * An observation that passed every sanitizer. Only `stages/sanitize.ts` can make one, so only
 * sanitized data can reach a relay.
 */
export type Released = Observation & {
  readonly device: Pseudonym;
  /** Missing only from an alert of a device that is bound to nobody: an alarm waits for no clerk. */
  readonly subject?: Pseudonym | undefined;
  readonly performer?: undefined;
  readonly note?: undefined;
  readonly [released]: true;
};

/** When it was over, in milliseconds since the epoch: a waveform lasts, everything else is of a moment. */
export function endOf(one: Released): number {
  if (one.kind !== 'samples' || one.absent !== undefined) return one.at;
  return one.at + Math.round(one.value.length * one.periodMs);
}
