import type { DeviceId } from './device.ts';
import type { Instant } from './observation.ts';
import type { ThreatId } from './threat.ts';

export const severities = ['low', 'medium', 'high', 'critical'] as const;
export type Severity = (typeof severities)[number];

export const outcomes = ['blocked', 'detected'] as const;
export type Outcome = (typeof outcomes)[number];

/** Something a security officer should look at. It informs; it withholds no data. */
export interface Finding {
  readonly threat: ThreatId;
  readonly detector: string;
  /** A device, or an address that has not shown a certificate. */
  readonly about: DeviceId | string;
  readonly at: Instant;
  readonly severity: Severity;
  /** How sure the detector is, 0 to 1: a rule's precision, or one minus a model's p-value. */
  readonly confidence: number;
  /** Whether the link refused it before it had an effect. */
  readonly outcome: Outcome;
  readonly evidence: Readonly<Record<string, number | string>>;
}

/** A finding with its number, and its episode’s. */
export interface NumberedFinding extends Finding {
  readonly sequence: number;
  readonly episode: number;
}

/** How many findings of one detector fell into one hour, counted back from now. */
export interface HourCount {
  readonly detector: string;
  /** 0: the last sixty minutes. */
  readonly hoursAgo: number;
  readonly count: number;
}
