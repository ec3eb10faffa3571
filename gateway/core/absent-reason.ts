/**
 * Why a value is not there. One vocabulary for every protocol: invalid is never zero, and never
 * silently missing either. The right side is FHIR R4 `data-absent-reason`.
 */
export const absentReasons = {
  /** The device says the value is not valid, without saying why. */
  invalid: 'error',
  /** The sensor is not on the patient. */
  'sensor-off': 'not-performed',
  /** No sensor is plugged in. */
  'no-sensor': 'not-performed',
  /** The sensor or the channel is broken. */
  'sensor-fault': 'error',
  /** The device does not measure this now. */
  'not-measured': 'not-performed',
  /** The device is still searching, warming up or averaging. */
  'not-ready': 'temp-unknown',
  calibrating: 'temp-unknown',
  'poor-signal': 'error',
  /** Below or above what the device can measure: a result, but not a number. */
  'below-range': 'negative-infinity',
  'above-range': 'positive-infinity',
  'not-a-number': 'not-a-number',
  unsupported: 'unsupported',
  /** The device had no value to give and gave no reason. */
  unknown: 'unknown',
} as const satisfies Record<string, string>;

export type AbsentReason = keyof typeof absentReasons;

export const absentReasonIds = Object.keys(absentReasons) as AbsentReason[];

export function isAbsentReason(text: unknown): text is AbsentReason {
  return typeof text === 'string' && Object.hasOwn(absentReasons, text);
}
