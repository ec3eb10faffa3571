import type { AbsentReason } from './absent-reason.ts';
import type { Admission } from './admission.ts';
import type { AlertEventId, AlertPhase, AlertPriority } from './alert.ts';
import type { Mask, MaskedFrame } from './mask.ts';
import type { Instant, Quality } from './observation.ts';

/** What a device wrote in one field, still in its own words and units. */
export type FieldValue =
  | number
  | string
  | { readonly absent: AbsentReason }
  | {
      readonly value: number | string;
      /** UCUM, when the device states it. */
      readonly unit?: string | undefined;
      readonly quality?: Quality | undefined;
    }
  | {
      readonly samples: readonly number[];
      readonly periodMs: number;
      /** UCUM, when the device states it. */
      readonly unit?: string | undefined;
    };

/** An alarm as the device announces it. */
export interface AlertRecord {
  readonly event: AlertEventId;
  /** The field (a key of the profile's metrics) it is about. */
  readonly field?: string | undefined;
  readonly phase: AlertPhase;
  readonly priority: AlertPriority;
}

/** One complete message of a device. */
export interface DeviceRecord {
  /** Values by the device's own name for them. */
  readonly fields: Readonly<Record<string, FieldValue>>;
  /** The LOINC number of the one result this is, where the device states it beside its own name. */
  readonly loinc?: string | undefined;
  readonly alerts?: readonly AlertRecord[] | undefined;
  /** The device's own count of its messages. */
  readonly sequence?: number | undefined;
  /** The device's own name for the message this came in, the same when it sends it again. */
  readonly messageId?: string | undefined;
  /** The device's own clock as ISO 8601; without an offset when the device states none. */
  readonly time?: string | undefined;
  /** It was kept in the device for a while: `time` is of the measurement, and says nothing of now. */
  readonly isStored?: boolean | undefined;
  /** The serial number the device announces. */
  readonly serialNumber?: string | undefined;
  /** The version of its software, as it announces it. */
  readonly firmware?: string | undefined;
  /** Patient or specimen id inside the record. */
  readonly subject?: string | undefined;
  readonly performer?: string | undefined;
  readonly note?: string | undefined;
  /** Demo mode, simulation or quality control: never patient data. */
  readonly isTest?: boolean | undefined;
  /** No measurement at all: the hospital says who lies where. */
  readonly admission?: Admission | undefined;
}

/** What one chunk of bytes led to. */
export interface ProtocolStep<State> {
  readonly state: State;
  readonly records: readonly DeviceRecord[];
  /** Bytes owed to the device. They are sent once `records` are on disk: an ACK is a promise. */
  readonly reply: Uint8Array;
  /** Bytes that belonged to no record. They are counted, never dropped silently. */
  readonly discardedBytes: number;
  /** Messages that never came and that came too late, where the device numbers them. */
  readonly missedMessages?: number;
  readonly lateMessages?: number;
  /**
   * What the device's own clock shows now, where the wire tells that apart from when something was
   * measured. The time of a live record is read as such without this.
   */
  readonly clockTime?: string | undefined;
}

/**
 * A wire format as a pure transform. It opens no port and knows no clock, so a capture file
 * replays exactly as the cable did.
 */
export interface Protocol<State = unknown> {
  readonly id: string;
  readonly start: State;
  /** The most that `state` may ever hold, as JSON. Whatever a device sends, memory stays below it. */
  readonly stateBytesMax: number;
  /** The times of its records come from a counter that begins anew after so long. */
  readonly clockRangeMs?: number;
  step(state: State, chunk: Uint8Array): ProtocolStep<State>;
  /**
   * The diode: everything the gateway may ever send to such a device, by name. Each pattern is of
   * one whole utterance on the wire, in lower-case hexadecimal. Whatever `reply` or `speak` gives
   * is a row of these; what could change a device has no pattern and cannot be formed.
   */
  readonly transmits: Readonly<Record<string, RegExp>>;
  /**
   * For a device that speaks only when spoken to: what to say now. Called when its line opens and
   * then once a second; `at` is the gateway's clock. Most protocols only listen and have none.
   */
  speak?(state: State, at: Instant): Spoken<State>;
  /** The last word on a line that the gateway closes in order, such as a release. */
  leave?(state: State): Spoken<State>;
  /**
   * Only where a link keeps the bounds of messages (UDP): one ended here, so what is held of it is
   * none.
   */
  endMessage?(state: State): Pick<ProtocolStep<State>, 'state' | 'discardedBytes'>;
  /** Devices of this format can speak TLS: no plain port is ever opened for them. */
  readonly needsTls?: boolean;
  /**
   * The frames of a capture that may leave the site in a bug report, with whatever names a person or
   * a device masked and their checks right again. What is not covered by a frame is withheld: it is
   * not proven that it names nobody. Without this no capture is made of such a device.
   */
  mask?(capture: Uint8Array, mask: Mask): readonly MaskedFrame[];
  /**
   * What is left when a capture ends: what stands complete but unread, and the bytes of a message
   * that broke off. On a live line nothing asks.
   */
  finish(state: State): Rest;
  /**
   * Reads one whole message where the link itself frames them (MQTT). A text instead of records
   * says what is wrong with the message; it names fields, never their content.
   */
  readonly readMessage?: (message: Uint8Array) => readonly DeviceRecord[] | Malformed;
}

/** What the end of a capture leaves of a line. */
export type Rest = Pick<ProtocolStep<unknown>, 'records' | 'discardedBytes'>;

export interface Spoken<State> {
  readonly state: State;
  readonly bytes: Uint8Array;
}

export interface Malformed {
  readonly reason: 'malformed' | 'too-deep';
  readonly detail: string;
}

export function defineProtocol<State>(protocol: Protocol<State>): Protocol<State> {
  return protocol;
}

export const noBytes: Uint8Array = new Uint8Array();

/** Nothing whole is left: what began and did not end is counted. */
export function brokenOff(bytes: number): Rest {
  return { records: [], discardedBytes: bytes };
}

/**
 * For a format whose damaged length can promise more than ever comes: what began like a message and
 * did not end was none, so reading goes on behind its first byte.
 */
export function readOn<State extends { readonly held: Uint8Array }>(
  step: Protocol<State>['step'],
  state: State,
): Rest {
  const records: DeviceRecord[] = [];
  let discardedBytes = 0;
  let left = state;
  // Each turn takes a byte at least.
  while (left.held.length > 0) {
    const read = step({ ...left, held: noBytes }, left.held.subarray(1));
    records.push(...read.records);
    discardedBytes += 1 + read.discardedBytes;
    left = read.state;
  }
  return { records, discardedBytes };
}
