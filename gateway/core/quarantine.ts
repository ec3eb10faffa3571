import type { DeviceId } from './device.ts';

/**
 * What a quarantine does to a device, mildest last. An alarm that reaches the gateway leaves at once
 * in every mode: none drops or delays it (interlock of security and care).
 */
export const quarantineModes = {
  deny: 'Its connections end and new ones are refused. Its alarms cannot be received.',
  hold: 'It is connected and acknowledged; its alarms leave, all else is held.',
  observe: 'As usual, but marked as questionable, counted and listed.',
} as const satisfies Record<string, string>;

export type QuarantineMode = keyof typeof quarantineModes;

/** A person's decision about one device. */
export interface Quarantine {
  readonly device: DeviceId;
  readonly mode: QuarantineMode;
  readonly reason: string;
  readonly actor: string;
  /** Milliseconds since the epoch. */
  readonly since: number;
  /** It ends by itself then; undefined: only by a person. */
  readonly until?: number | undefined;
}

export const quarantineReasonCharsMax = 200;

/** What becomes of what was held, when a quarantine ends. */
export const heldFates = ['release', 'discard'] as const;
export type HeldFate = (typeof heldFates)[number];

/**
 * Whether what a device measures is kept back. Also of one that is denied: what arrived before its
 * connection was ended was acknowledged, so it must not be lost.
 */
export function isWithheld(mode: QuarantineMode | undefined): boolean {
  return mode === 'deny' || mode === 'hold';
}
