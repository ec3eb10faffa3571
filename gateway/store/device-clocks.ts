import type { KnownClock } from '../core/clock.ts';
import type { DeviceId } from '../core/device.ts';
import type { Database } from './database.ts';

type Row = Omit<KnownClock, 'isZoned'> & { readonly device: DeviceId; readonly isZoned: 0 | 1 };

/** What is known of each device’s clock, in true time. */
export interface DeviceClocks {
  find(device: DeviceId): KnownClock | undefined;
  /** Runs inside the caller's transaction. */
  save(device: DeviceId, clock: KnownClock): void;
}

export function openDeviceClocks(database: Database): DeviceClocks {
  const find = database.prepare<[string], Row>(
    `select device, is_zoned as isZoned, offset_ms as offsetMs, uncertainty_ms as uncertaintyMs,
       drift_low_ppm as driftLowPpm, drift_high_ppm as driftHighPpm, readings, at, since,
       step_ms as stepMs
     from device_clock where device = ?`,
  );
  const save = database.prepare<Row>(
    `insert into device_clock (device, is_zoned, offset_ms, uncertainty_ms, drift_low_ppm,
       drift_high_ppm, readings, at, since, step_ms)
     values (@device, @isZoned, @offsetMs, @uncertaintyMs, @driftLowPpm, @driftHighPpm, @readings,
       @at, @since, @stepMs)
     on conflict (device) do update set is_zoned = excluded.is_zoned,
       offset_ms = excluded.offset_ms, uncertainty_ms = excluded.uncertainty_ms,
       drift_low_ppm = excluded.drift_low_ppm, drift_high_ppm = excluded.drift_high_ppm,
       readings = excluded.readings, at = excluded.at, since = excluded.since,
       step_ms = excluded.step_ms`,
  );
  return {
    find(id) {
      const row = find.get(id);
      if (!row) return undefined;
      const { device, isZoned, ...rest } = row;
      return { ...rest, isZoned: isZoned === 1 };
    },
    save: (device, { isZoned, ...rest }) =>
      void save.run({ ...rest, device, isZoned: isZoned ? 1 : 0 }),
  };
}
