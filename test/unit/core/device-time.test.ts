import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isDeviceTime, localTime } from '../../../gateway/core/device-time.ts';

describe('a device’s time', () => {
  it('is read in every form a device may state it', () => {
    const forms = ['', '.1', '.123456789'].flatMap((fraction) =>
      ['', 'Z', '+00:00', '-11:30', '+14:00'].map(
        (zone) => `2024-02-29T23:59:59${fraction}${zone}`,
      ),
    );
    expect(forms.filter((text) => !isDeviceTime(text))).toEqual([]);
  });

  it.each([
    '2026-02-29T10:00:00Z',
    '2026-13-01T10:00:00Z',
    '2026-00-01T10:00:00Z',
    '2026-11-31T10:00:00Z',
    '2026-11-22T24:00:00Z',
    '2026-11-22T10:60:00Z',
    '2026-11-22T10:00:60Z',
    '2026-11-22 10:00:00Z',
    '2026-11-22T10:00Z',
    '2026-11-22T10:00:00.Z',
    '2026-11-22T10:00:00.1234567890Z',
    '2026-11-22T10:00:00+1:00',
    '2026-11-22T10:00:00+24:00',
    '2026-11-22T10:00:00z',
    '2026-11-22T10:00:00ZZ',
    '+026-11-22T10:00:00Z',
    '2026-11-22T1a:00:00Z',
    '',
  ])('refuses %j', (text) => {
    expect(isDeviceTime(text)).toBe(false);
  });

  it('agrees with the platform on every instant', () => {
    fc.assert(
      fc.property(
        fc.date({ min: new Date(0), max: new Date('9999-12-31'), noInvalidDate: true }),
        (date) => {
          expect(isDeviceTime(date.toISOString())).toBe(true);
          const parts = date.toISOString().slice(0, 19).split(/\D/).map(Number);
          const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = parts;
          const local = localTime(year, month, day, hour, minute, second);
          expect(local).toBe(date.toISOString().slice(0, 19));
        },
      ),
    );
  });

  it('is undefined where no calendar has it', () => {
    expect(localTime(2023, 2, 29, 0, 0, 0)).toBeUndefined();
    expect(localTime(2000, 2, 29, 0, 0, 0)).toBe('2000-02-29T00:00:00');
    expect(localTime(2100, 2, 29, 0, 0, 0)).toBeUndefined();
    expect(localTime(2026, 1, 1, Number.NaN, 0, 0)).toBeUndefined();
  });
});
