import type { DeviceId } from '../core/device.ts';
import type { Observation } from '../core/observation.ts';
import type { Database } from './database.ts';
import { decodeHeld, encodeHeld } from './entry-codec.ts';

export interface HeldRow {
  readonly sequence: number;
  readonly device: DeviceId;
  readonly observations: readonly Observation[];
}

/** The most rows of one device that are held; beyond it the oldest expire, each counted. */
const rowsPerDeviceMax = 50_000;

/** Observations of devices that are bound to nobody. */
export interface Held {
  add(device: DeviceId, observations: readonly Observation[], at: number): void;
  of(device: DeviceId): readonly HeldRow[];
  /** Takes a row out; what still waits of it is put back by `add`. */
  remove(sequence: number): void;
  depths(): readonly {
    readonly device: DeviceId;
    readonly rows: number;
    readonly oldestAt: number;
  }[];
  /** Lets go of what is older, and of the oldest of a device that has too many. */
  expire(before: number): readonly { readonly device: DeviceId; readonly rows: number }[];
}

export function openHeld(database: Database): Held {
  const add = database.prepare('insert into held (device, body, held_at) values (?, ?, ?)');
  const of = database.prepare<[string], { sequence: number; device: DeviceId; body: string }>(
    'select sequence, device, body from held where device = ? order by sequence',
  );
  const remove = database.prepare('delete from held where sequence = ?');
  const depths = database.prepare<[], { device: DeviceId; rows: number; oldestAt: number }>(
    `select device, count(*) as rows, min(held_at) as oldestAt from held
     group by device order by device`,
  );
  const expire = database.prepare<{ before: number; device: string; keep: number }>(
    `delete from held where device = @device and (held_at < @before or sequence <= (
       select sequence from held where device = @device
       order by sequence desc limit 1 offset @keep))`,
  );
  return {
    add: (device, observations, at) => void add.run(device, encodeHeld(observations), at),
    of: (device) =>
      of.all(device).map(({ body, ...row }) => ({ ...row, observations: decodeHeld(body) })),
    remove: (sequence) => void remove.run(sequence),
    depths: () => depths.all(),
    expire: (before) =>
      depths
        .all()
        .map(({ device }) => ({
          device,
          rows: expire.run({ before, device, keep: rowsPerDeviceMax }).changes,
        }))
        .filter(({ rows }) => rows > 0),
  };
}
