import type { Provisional } from './clock.ts';
import type { DeviceId } from './device.ts';
import type { Instant } from './observation.ts';
import type { Signal } from './signal.ts';

/** Which kind of payload a device topic carries, or a continuous line of bytes. */
export const channels = ['observations', 'alerts', 'waveforms', 'status', 'line'] as const;
export type Channel = (typeof channels)[number];

/** Bytes as they came off a link, before anything has judged them. */
export interface Intake {
  readonly device: DeviceId;
  readonly channel: Channel;
  readonly bytes: Uint8Array;
  readonly receivedAt: Instant;
  /** The same moment on the clock nobody sets, in ms since the machine started. */
  readonly monotonicMs?: number | undefined;
  /** The gateway did not know the time: `receivedAt` moves once it does. */
  readonly provisional?: Provisional | undefined;
  /** The link was opened anew: the line before is over. */
  readonly isFirst?: boolean;
  /** No bytes: it is the gateway's turn to speak, on a line whose device must be asked. */
  readonly isTurn?: boolean;
  /** A turn that is the last one: the gateway is about to close the line. */
  readonly isLast?: boolean;
}

/**
 * What a link offers a batch and gets back. The promise settles after the commit: `reply` is what
 * is owed to the device (an ASTM ACK), and only now may it be sent. It rejects when nothing could
 * be kept; then nothing may be acknowledged.
 */
export interface IntakeQueue {
  offer(intake: Intake): Promise<Uint8Array>;
  /** What a link saw. Never blocks; what does not fit is counted. */
  signal(signal: Signal): void;
}

export const rejectionReasons = {
  malformed: 'The bytes are not of the format the profile names.',
  'too-deep': 'Nested deeper than any device of ours nests.',
  'unknown-metric': 'The profile does not know this field.',
  'wrong-unit': 'The unit is not one that converts to the metric’s own.',
  'not-a-number': 'Neither a decimal number nor one of the profile’s absent marks.',
  implausible: 'No living patient could have produced it (a data-integrity check).',
  duplicate: 'The same record again; the first one counts.',
  'test-data': 'The device says it is in demo or test mode, or it is a quality control.',
  'placeholder-subject': 'The patient id is one that vendors ship as a default.',
  'not-applied': 'An admission, transfer or discharge that binds no device here.',
  'unknown-bed': 'The hospital names a bed where no device of this site stands.',
  'not-authorised': 'An admission said by a device that is no feed of admissions.',
  'not-proven': 'Not signed by the key of a device whose profile says that it signs.',
  'old-counter': 'Signed, and counted no higher than what came before.',
  withheld: 'A sanitizer rule did not let it leave.',
  expired: 'Held for too long: for a patient, or for the end of a quarantine.',
  discarded: 'Held while its device was in quarantine, and let go by a person.',
} as const satisfies Record<string, string>;

export type RejectionReason = keyof typeof rejectionReasons;

/** Why something went no further. Rejections are data: stored, counted and shown, never thrown. */
export interface Rejection {
  readonly device: DeviceId;
  readonly at: Instant;
  readonly stage: 'read' | 'decode' | 'check' | 'associate' | 'sanitize';
  readonly reason: RejectionReason;
  /** Field and figure, never free text of the device. */
  readonly detail: string;
}
