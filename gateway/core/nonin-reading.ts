import type { AbsentReason } from './absent-reason.ts';
import { localTime } from './device-time.ts';
import type { DeviceRecord, FieldValue } from './protocol.ts';

/** What one packet, frame or spot check of a Nonin oximeter says. */
export interface NoninReading {
  readonly record: DeviceRecord;
  readonly isBatteryLow: boolean;
}

const samplePeriodMs = 1_000 / 75;

/** Status byte of DF2 and DF7. Bit 7 is always set. */
export const noninStatus = {
  snsd: 0x40,
  artf: 0x20,
  oot: 0x10,
  snsf: 0x08,
  rprf: 0x04,
  gprf: 0x02,
  sync: 0x01,
} as const;

const missingHeartRate = 511;
const missingSaturation = 127;

/** What a unit's status says about all of its values. */
interface Condition {
  /** Why a value is missing where it is. */
  readonly reason: AbsentReason;
  /** A value is there, but the device has a doubt about it. */
  readonly isQuestionable: boolean;
  /** The sensor is not on the patient, or not usable: what is displayed is an old value. */
  readonly isOff: boolean;
}

/** Takes masked status bits: 0 is "no". */
function toCondition(
  isUnplugged: number,
  isOff: number,
  isPoor: number,
  isWeak: number,
): Condition {
  const reason = isUnplugged
    ? 'no-sensor'
    : isOff
      ? 'sensor-off'
      : isPoor
        ? 'poor-signal'
        : 'not-measured';
  const isQuestionable = (isUnplugged | isOff | isPoor | isWeak) !== 0;
  return { reason, isQuestionable, isOff: (isUnplugged | isOff) !== 0 };
}

function toValue(value: number, missing: number, condition: Condition): FieldValue {
  if (value === missing) return { absent: condition.reason };
  return condition.isQuestionable ? { value, quality: 'questionable' } : value;
}

/** `floats` are the 25 fourth bytes; the tables of the specification count them from 1. */
export function readNoninPacket(
  status: number,
  floats: readonly number[],
  samples: readonly number[],
): NoninReading {
  const { snsd, snsf, oot, artf, rprf } = noninStatus;
  const condition = toCondition(status & snsd, status & snsf, status & (oot | artf), status & rprf);
  const at = (frame: number) => (floats[frame - 1] ?? 0) & 0x7f;
  const heartRate = (frame: number) =>
    toValue(((at(frame) & 0x03) << 7) | at(frame + 1), missingHeartRate, condition);
  const saturation = (frame: number) => toValue(at(frame), missingSaturation, condition);
  // Display values are held for 10 s after the finger is gone, and the wave is a flat line then.
  const displayed = (value: FieldValue): FieldValue =>
    condition.isOff ? { absent: condition.reason } : value;

  const fields: Record<string, FieldValue> = {
    HR: heartRate(1),
    SPO2: saturation(3),
    'SPO2-D': displayed(saturation(9)),
    'SPO2-FAST': saturation(10),
    'SPO2-B-B': saturation(11),
    'E-HR': heartRate(14),
    'E-SPO2': saturation(16),
    'E-SPO2-D': displayed(saturation(17)),
    'HR-D': displayed(heartRate(20)),
    'E-HR-D': displayed(heartRate(22)),
    PLETH: displayed({ samples, periodMs: samplePeriodMs }),
  };
  return { record: { fields }, isBatteryLow: (at(8) & 0x01) !== 0 };
}

/** DF8 bits: byte 1 `1 SNSD OOT LPRF MPRF ARTF HR8 HR7`, byte 4 `0 R SPA R SNSF R R LOWBAT`. */
const df8OutOfTrack = 0x20;
const df8LowPerfusion = 0x10;
const df8Artifact = 0x04;
const heartRateMax = 321;
const saturationMax = 100;

/** Without a checksum, what the device cannot show is damage. */
export function readNoninDf8(frame: Uint8Array): NoninReading | undefined {
  const [first = 0, low = 0, saturation = 0, last = 0] = frame;
  const heartRate = ((first & 0x03) << 7) | low;
  const isNothing = heartRate === missingHeartRate && saturation === missingSaturation;
  if (heartRate > heartRateMax && heartRate !== missingHeartRate) return undefined;
  if (saturation > saturationMax && saturation !== missingSaturation) return undefined;
  // A sensor that is not plugged in measures nothing.
  if ((first & noninStatus.snsd) !== 0 && !isNothing) return undefined;
  const condition = toCondition(
    first & noninStatus.snsd,
    last & noninStatus.snsf,
    first & (df8OutOfTrack | df8Artifact),
    first & df8LowPerfusion,
  );
  const fields = {
    HR: toValue(heartRate, missingHeartRate, condition),
    SPO2: toValue(saturation, missingSaturation, condition),
  };
  return { record: { fields }, isBatteryLow: (last & 0x01) !== 0 };
}

/** NOMS: the device was taken off before it had a good measurement. */
const noMeasurement = 0x01;

/** Data: BCD century, year, month, day, hour, minute, second, 1/100 s; status, heart rate, -, SpO2. */
export function readNoninDf13(data: Uint8Array): NoninReading {
  const [century, year, month, day, hour, minute, second] = data;
  const [statusHigh = 0, statusLow = 0, rateHigh = 0, rateLow = 0, , saturation = 0] =
    data.subarray(8);
  const condition = toCondition(0, 0, 0, statusHigh & noMeasurement);
  const fields = {
    // Unlike in the other formats, the low byte carries 8 bits.
    HR: toValue(((rateHigh & 0x01) << 8) | rateLow, missingHeartRate, condition),
    SPO2: toValue(saturation & 0x7f, missingSaturation, condition),
  };
  // The clock is lost with the battery: then there are no decimal digits, or no such day.
  const time = localTime(
    fromBcd(century) * 100 + fromBcd(year),
    fromBcd(month),
    fromBcd(day),
    fromBcd(hour),
    fromBcd(minute),
    fromBcd(second),
  );
  // The spot checks of its memory come in this form, the oldest first.
  return { record: { fields, time, isStored: true }, isBatteryLow: (statusLow & 0x01) !== 0 };
}

function fromBcd(byte = 0xff): number {
  const tens = byte >> 4;
  const ones = byte & 0x0f;
  return tens <= 9 && ones <= 9 ? tens * 10 + ones : Number.NaN;
}
