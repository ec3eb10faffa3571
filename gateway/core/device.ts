import { z } from 'zod';

/**
 * Client id, certificate CN and topic level of one device. No MQTT wildcard or separator can be
 * part of it, and it never starts like a pseudonym.
 */
export const DeviceId = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9.-]{0,63}$/, 'letters, digits, dot and hyphen; at most 64')
  .transform((text) => text as DeviceId);
export type DeviceId = string & { readonly brand: 'DeviceId' };

/** MDR (I..III) or IVDR (A..D) risk class. */
export const deviceClasses = ['I', 'IIa', 'IIb', 'III', 'A', 'B', 'C', 'D'] as const;
export type DeviceClass = (typeof deviceClasses)[number];

/** What stops when the device stops. The interlock and the RAMA score depend on it. */
export const clinicalFunctions = [
  'none',
  'monitor',
  'diagnose',
  'therapy',
  'life-support',
] as const;
export type ClinicalFunction = (typeof clinicalFunctions)[number];

/** One device of this site. */
export interface Device {
  readonly id: DeviceId;
  readonly profile: string;
  readonly class: DeviceClass;
  readonly function: ClinicalFunction;
  readonly ward: string;
  /** Empty for one that stands at no bed and goes with its patient. */
  readonly bed?: string | undefined;
  readonly room?: string | undefined;
  /** Since when it stands there. */
  readonly placedAt?: number | undefined;
  readonly addedAt: number;
}
