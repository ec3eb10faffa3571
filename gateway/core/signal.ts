import type { DeviceId } from './device.ts';
import type { Instant } from './observation.ts';
import type { DataSignal } from './signals/data-signal.ts';
import type { HostSignal } from './signals/host-signal.ts';
import type { LineSignal } from './signals/line-signal.ts';
import type { LinkSignal } from './signals/link-signal.ts';
import type { ModelSignal } from './signals/model-signal.ts';
import type { PersonSignal } from './signals/person-signal.ts';
import type { VoiceSignal } from './signals/voice-signal.ts';

interface Common {
  readonly at: Instant;
  /** Known only once a certificate named it. */
  readonly device?: DeviceId | undefined;
  /** A reader of what is released, once a certificate named it. */
  readonly consumer?: string | undefined;
  /** Remote address without its port. */
  readonly address?: string | undefined;
}

/** What detectors look at: one thing that a link, admission or the gateway itself saw. */
export type Signal = Common &
  (HostSignal | LinkSignal | LineSignal | DataSignal | ModelSignal | PersonSignal | VoiceSignal);

export type SignalKind = Signal['kind'];

/** A device that fell silent, or was heard again. */
export type Voice = Extract<Signal, { readonly kind: 'quiet' | 'heard' }>;
