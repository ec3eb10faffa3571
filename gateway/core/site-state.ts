import type { AbsentReason } from './absent-reason.ts';
import type { AlertPhase, AlertPriority } from './alert.ts';
import type { ClockSource } from './clock.ts';
import type { Device, DeviceId } from './device.ts';
import type { EpisodeState } from './episode.ts';
import type { MetricId } from './metric.ts';
import type { Quality } from './observation.ts';
import type { Quarantine } from './quarantine.ts';
import type { Lane } from './relay.ts';

/** What the site keeps of itself, as it is shown. Times are milliseconds since the epoch. */

export interface DeviceState extends Device {
  /** What it announced of itself, if it ever did. */
  readonly announcedSerialNumber?: string | undefined;
  /** Its newest certificate. */
  readonly certificate?:
    | { readonly serialNumber: string; readonly notBefore: number; readonly notAfter: number }
    | undefined;
  /** Undefined while it is bound to nobody. */
  readonly boundSince?: number | undefined;
  /** Whom it is bound to, in clear. Only where it was asked for. */
  readonly subject?: string | undefined;
  readonly quarantine?: Quarantine | undefined;
  readonly held: readonly HeldState[];
}

export interface HeldState {
  readonly device: DeviceId;
  readonly cause: string;
  readonly rows: number;
  readonly oldestAt: number;
}

/** How a device is connected, as the links say. */
export interface LinkState {
  readonly isUp: boolean;
  /** Since when it is so; undefined while it was not seen since the gateway started. */
  readonly since?: number | undefined;
  /** When it was last heard. */
  readonly heardAt?: number | undefined;
  /** It has been silent for too long: what it said last is stale. */
  readonly isQuiet: boolean;
  readonly address?: string | undefined;
}

/** Which episodes: newest first, below a number, at most so many. */
export interface EpisodeQuery {
  readonly before?: number | undefined;
  readonly countMax: number;
  readonly threat?: string | undefined;
  readonly about?: string | undefined;
  readonly state?: EpisodeState | undefined;
  /** Those that went on after it. */
  readonly sinceAt?: number | undefined;
}

export interface LaneState {
  readonly relay: string;
  readonly lane: Lane;
  readonly entries: number;
  readonly bytes: number;
  readonly oldestAt?: number | undefined;
}

export interface OutboxState {
  readonly lanes: readonly LaneState[];
  /** What destinations refused, by cause. */
  readonly refused: readonly {
    readonly relay: string;
    readonly cause: string;
    readonly entries: number;
  }[];
  readonly held: readonly HeldState[];
  /** Counts since the site was made: delivered, refused, shed. */
  readonly counters: Readonly<Record<string, number>>;
}

/** The latest of one metric or alert of one device. Never who it was measured on. */
export interface LiveValue {
  readonly kind: 'numeric' | 'enumeration' | 'alert';
  readonly at: number;
  readonly clock: ClockSource;
  readonly receivedAt: number;
  readonly quality: Quality;
  readonly metric?: MetricId | undefined;
  readonly value?: number | string | undefined;
  readonly absent?: AbsentReason | undefined;
  readonly event?: string | undefined;
  readonly phase?: AlertPhase | undefined;
  readonly priority?: AlertPriority | undefined;
  /** The last points of a numeric, oldest first. */
  readonly course: readonly (readonly [at: number, value: number])[];
}

export interface LiveView {
  readonly values: readonly LiveValue[];
}

/** What went through admission since the gateway started. */
export interface AdmissionCounts {
  /** Offered by links: MQTT messages and chunks of lines. */
  readonly messages: number;
  /** On disk, and answered. */
  readonly acknowledged: number;
  /** Not kept, and not answered: the device has them still. */
  readonly refused: number;
  readonly batches: number;
  /** Time that batches took from hand-over to answer, all together. */
  readonly batchSeconds: number;
  readonly waitingMessages: number;
  readonly waitingBytes: number;
  readonly signalsDropped: number;
  /** By reason. */
  readonly rejected: Readonly<Record<string, number>>;
  /** Findings by threat. */
  readonly found: Readonly<Record<string, number>>;
}

/** Until when a certificate is good. */
export interface CertificateExpiry {
  /** `authority`, `gateway-server`, or a file name of certs/. */
  readonly kind: string;
  readonly subject: string;
  /** Milliseconds since the epoch. */
  readonly notAfter: number;
}
