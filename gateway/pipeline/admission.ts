import type { Stay } from '../core/admission.ts';
import type { DeviceId } from '../core/device.ts';
import type { Finding } from '../core/finding.ts';
import type { Rejection } from '../core/intake.ts';
import type { Memory } from '../core/memory.ts';
import type { Observation, Released } from '../core/observation.ts';
import type { Lane } from '../core/relay.ts';
import type { Signal, Voice } from '../core/signal.ts';
import type { BindingChange } from '../core/ward.ts';

/** What one relay gets of one record, in one lane. */
export interface Departure {
  readonly relay: string;
  readonly lane: Lane;
  readonly observations: readonly Released[];
}

/**
 * Why observations wait: nobody was bound to the device, it was another device, it is in quarantine,
 * it said more than it may, or the site has no destination yet.
 */
export type HeldCause = 'unbound' | 'swapped' | 'quarantined' | 'limited' | 'no-relay';

/** A device’s clock that did not just go on. */
export type ClockStepped = Extract<Signal, { readonly kind: 'clock-stepped' }>;

/** What waits before it may leave. */
export interface HeldObservations {
  readonly device: DeviceId;
  readonly cause: HeldCause;
  readonly observations: readonly Observation[];
}

export interface LineLoss {
  readonly discardedBytes: number;
  readonly missedMessages: number;
  readonly lateMessages: number;
}

export interface Admission {
  readonly departures: readonly Departure[];
  /** What destinations are not owed, for their kind does not carry that lane. */
  readonly uncarried: readonly Departure[];
  /** What consumers that are there may have now. */
  readonly fed: readonly Departure[];
  readonly held: readonly HeldObservations[];
  /** What devices measure now that are who they were, before it is sanitized: a list a record. */
  readonly observed: readonly (readonly Observation[])[];
  /** How many observations were held or marked because their device is in quarantine. */
  readonly quarantined: ReadonlyMap<DeviceId, number>;
  /** Serial numbers that devices announced for the first time. */
  readonly announced: ReadonlyMap<DeviceId, string>;
  /** Whom devices are bound to from now on, in the order it was said. */
  readonly bindings: readonly BindingChange[];
  /** Where patients lie from now on. */
  readonly stays: ReadonlyMap<string, Stay>;
  readonly rejected: readonly Rejection[];
  /** What each device’s line lost: bytes of no record, and messages missed or overtaken. */
  readonly losses: ReadonlyMap<DeviceId, LineLoss>;
  /** All that detectors were shown: what links saw, and what was seen here. */
  readonly signals: readonly Signal[];
  readonly findings: readonly Finding[];
  /** Which devices fell silent, and which were heard again. */
  readonly voices: readonly Voice[];
  readonly clockSteps: readonly ClockStepped[];
  /** True time minus monotonic time, of the devices whose clock was read; none while untrusted. */
  readonly clockAnchors: ReadonlyMap<DeviceId, number>;
  /** The highest counter of each device that signs. */
  readonly counters: ReadonlyMap<DeviceId, number>;
  /** One for each intake: the bytes owed to the device once this is on disk. */
  readonly replies: readonly Uint8Array[];
  /** What to remember once this is on disk, and only then. */
  readonly changes: Memory;
}
