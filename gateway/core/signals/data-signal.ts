import type { ClockStep } from '../clock.ts';
import type { Doubt } from '../doubt.ts';
import type { IdentifierKind } from '../identifier.ts';
import type { Injection } from '../injection.ts';
import type { MetricId } from '../metric.ts';

/** What admission saw in what devices said. */
export type DataSignal =
  | { readonly kind: 'rejected'; readonly reason: string; readonly detail: string }
  /** What was about to leave named a person, once for each destination, or what was refused did. */
  | {
      readonly kind: 'identifier-found';
      readonly what: IdentifierKind | 'known-name';
      readonly place: 'input' | 'output';
    }
  /** So much left for a destination at once; all devices together may say so much a second. */
  | {
      readonly kind: 'departed';
      readonly relay: string;
      readonly observations: number;
      readonly perSecondMax: number;
    }
  /** A value went on with a mark: a check of the data’s integrity doubts it. */
  | {
      readonly kind: 'doubtful';
      readonly check: Doubt;
      readonly metric: MetricId;
      /** Of a spike: the time between the readings. */
      readonly apartMs?: number | undefined;
    }
  /** What was refused holds text that is written to be run by whatever reads it next. */
  | { readonly kind: 'injection'; readonly pattern: Injection; readonly where: string }
  /** A record of a time of which all was heard as it went by; so far behind the newest. */
  | { readonly kind: 'not-advancing'; readonly behindMs: number }
  /** A device says that it runs another software than before, or one that its profile does not list. */
  | {
      readonly kind: 'firmware';
      readonly fault: 'unlisted' | 'lower' | 'changed';
      readonly version: string;
    }
  /** A part of the device is known to be exploited: so many faults, and the one that is due first. */
  | {
      readonly kind: 'exploitable';
      readonly vulnerability: string;
      readonly count: number;
      readonly dueAt?: number | undefined;
    }
  /** Another serial number is announced under this device’s name. */
  | { readonly kind: 'device-swapped' }
  /** The device’s clock did not just go on: set, another zone, or a counter that began anew. */
  | {
      readonly kind: 'clock-stepped';
      readonly cause: ClockStep['cause'];
      readonly stepMs: number;
    };
