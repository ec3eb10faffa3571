const daysOfMonth = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

/**
 * What a device's own clock shows, as ISO 8601 without an offset: the device names no zone, so none
 * is made up. Undefined when no calendar holds that moment.
 */
export function localTime(
  year: number,
  month: number,
  day: number,
  hour: number,
  minute: number,
  second: number,
): string | undefined {
  if (!isCalendarTime(year, month, day, hour, minute, second)) return undefined;
  const date = `${pad(year, 4)}-${pad(month, 2)}-${pad(day, 2)}`;
  return `${date}T${pad(hour, 2)}:${pad(minute, 2)}:${pad(second, 2)}`;
}

/**
 * True for `2026-11-22T10:00:00`, with a fraction of 1 to 9 digits, `Z` or an offset where the
 * device states them (RFC 3339 §5.6, offset optional). Written by hand: it runs for every message.
 */
export function isDeviceTime(text: string): boolean {
  const { length } = text;
  if (length < 19 || length > 35) return false;
  if (text.charCodeAt(4) !== 0x2d || text.charCodeAt(7) !== 0x2d) return false;
  if (text.charCodeAt(10) !== 0x54) return false;
  if (text.charCodeAt(13) !== 0x3a || text.charCodeAt(16) !== 0x3a) return false;
  const year = digits(text, 0, 2) * 100 + digits(text, 2, 4);
  const month = digits(text, 5, 7);
  const day = digits(text, 8, 10);
  const hour = digits(text, 11, 13);
  const minute = digits(text, 14, 16);
  const second = digits(text, 17, 19);
  if (!isCalendarTime(year, month, day, hour, minute, second)) return false;
  return isOffset(text, endOfFraction(text));
}

function isCalendarTime(
  year: number,
  month: number,
  day: number,
  hour: number,
  minute: number,
  second: number,
): boolean {
  // NaN, from characters that are no digits, fails every one of these.
  if (!(year >= 0 && year <= 9999 && month >= 1 && month <= 12)) return false;
  if (!(hour <= 23 && minute <= 59 && second <= 59)) return false;
  const isLeapYear = (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0;
  const days = month === 2 && isLeapYear ? 29 : (daysOfMonth[month - 1] ?? 0);
  return day >= 1 && day <= days;
}

function digits(text: string, from: number, to: number): number {
  let value = 0;
  for (let index = from; index < to; index += 1) {
    const digit = text.charCodeAt(index) - 0x30;
    if (!(digit >= 0 && digit <= 9)) return Number.NaN;
    value = value * 10 + digit;
  }
  return value;
}

/** The position behind the seconds and their fraction, or -1 when the fraction is none. */
function endOfFraction(text: string): number {
  if (text.charCodeAt(19) !== 0x2e) return 19;
  let end = 20;
  while (end < text.length && isDigit(text.charCodeAt(end))) end += 1;
  return end > 20 && end <= 29 ? end : -1;
}

function isOffset(text: string, from: number): boolean {
  if (from === -1) return false;
  if (from === text.length) return true;
  const sign = text.charCodeAt(from);
  if (sign === 0x5a) return text.length === from + 1;
  if (sign !== 0x2b && sign !== 0x2d) return false;
  if (text.length !== from + 6 || text.charCodeAt(from + 3) !== 0x3a) return false;
  return digits(text, from + 1, from + 3) <= 23 && digits(text, from + 4, from + 6) <= 59;
}

function isDigit(code: number): boolean {
  return code >= 0x30 && code <= 0x39;
}

function pad(value: number, width: number): string {
  return String(value).padStart(width, '0');
}
