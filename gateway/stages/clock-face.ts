import type { ClockFace } from '../core/clock.ts';
import { isDeviceTime } from '../core/device-time.ts';
import type { Instant } from '../core/observation.ts';
import { clockBehindMsMax } from './clock-estimate.ts';

const dayMs = 86_400_000;
const minuteMs = 60_000;
const secondMs = 1_000;
/** A clock this far ahead of ours is wrong, not early. */
const clockAheadMsMax = 60_000;
/** Some devices print no seconds, some laboratories only a date. */
const coarse = /^(\d{4}-\d\d-\d\d)(?:T(\d\d:\d\d)(Z|[+-]\d\d:\d\d)?)?$/;

/** A device's printed time as a number; undefined when no calendar holds it. */
export function readClockFace(time: string): ClockFace | undefined {
  if (!isDeviceTime(time)) return readCoarse(time);
  const isZoned = statesOffset(time);
  const rawMs = Date.parse(isZoned ? time : `${time}Z`);
  return { rawMs, resolutionMs: resolutionOf(time), isZoned };
}

/**
 * What a stated time is on the gateway's clock, without knowing anything of the other one; undefined
 * where none can be believed.
 */
export function instantOf(time: string, receivedAt: Instant): Instant | undefined {
  const face = readClockFace(time);
  if (!face?.isZoned) return undefined;
  const age = receivedAt - face.rawMs;
  const isBelievable = age >= -clockAheadMsMax && age <= clockBehindMsMax;
  return isBelievable ? (face.rawMs as Instant) : undefined;
}

function readCoarse(time: string): ClockFace | undefined {
  const [, date, minute, zone] = coarse.exec(time) ?? [];
  if (date === undefined) return undefined;
  const whole = `${date}T${minute ?? '00:00'}:00${zone ?? ''}`;
  if (!isDeviceTime(whole)) return undefined;
  const rawMs = Date.parse(zone === undefined ? `${whole}Z` : whole);
  const resolutionMs = minute === undefined ? dayMs : minuteMs;
  return { rawMs, resolutionMs, isZoned: zone !== undefined };
}

/** `Z`, or a sign six characters before the end: `+01:00`. */
function statesOffset(time: string): boolean {
  const { length } = time;
  return time.charCodeAt(length - 1) === 0x5a || isSign(time.charCodeAt(length - 6));
}

function isSign(code: number): boolean {
  return code === 0x2b || code === 0x2d;
}

/** `10:00:00` stands for a second, `10:00:00.25` for a hundredth. */
function resolutionOf(time: string): number {
  if (time.charCodeAt(19) !== 0x2e) return secondMs;
  let digits = 0;
  while (isDigit(time.charCodeAt(20 + digits))) digits += 1;
  return digits >= 3 ? 1 : secondMs / 10 ** digits;
}

function isDigit(code: number): boolean {
  return code >= 0x30 && code <= 0x39;
}
