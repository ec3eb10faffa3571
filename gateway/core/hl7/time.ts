import { isDeviceTime } from '../device-time.ts';

/**
 * HL7 v2 DTM: YYYY, then MM, DD, HHMM, SS and a fraction, each optional after the one before, and
 * an offset (v2.6 2A.22). Some monitors write milliseconds without the decimal point (17 digits).
 */
const pattern =
  /^(\d{4})(\d\d)(\d\d)(?:(\d\d)(\d\d)(?:(\d\d)(?:\.(\d{1,4})|(\d{3}))?)?)?([+-]\d\d)?(\d\d)?$/;

/** ISO 8601, without an offset where none is stated; undefined when it is no date. */
export function hl7Time(text: string): string | undefined {
  const match = pattern.exec(text);
  if (!match) return undefined;
  const [, year, month, day, hour, minute, second, fraction, digits, hours, minutes] = match;
  // An offset is hours and minutes, or it is none.
  if ((hours === undefined) !== (minutes === undefined)) return undefined;
  const date = `${year}-${month}-${day}`;
  const clock = `${hour ?? '00'}:${minute ?? '00'}:${second ?? '00'}`;
  const offset = hours === undefined ? '' : `${hours}:${minutes}`;
  if (!isDeviceTime(`${date}T${clock}${offset}`)) return undefined;
  if (hour === undefined) return date;
  if (second === undefined) return `${date}T${hour}:${minute}${offset}`;
  const rest = fraction ?? digits;
  return `${date}T${clock}${rest === undefined ? '' : `.${rest}`}${offset}`;
}
