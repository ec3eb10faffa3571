import type { DeviceId } from '../core/device.ts';
import type { Observation } from '../core/observation.ts';
import type { Database } from './database.ts';
import { decodeHeld, encodeHeld } from './entry-codec.ts';
import { inTrueTime, type TrustedTime } from './trusted-time.ts';

export interface HeldRow {
  readonly sequence: number;
  readonly device: DeviceId;
  readonly cause: string;
  readonly observations: readonly Observation[];
}

/** Rows behind `after`, so many of them. */
export interface HeldPortion {
  readonly after: number;
  readonly countMax: number;
}

/** The most rows of one device that are held; beyond it the oldest expire, each counted. */
const rowsPerDeviceMax = 50_000;

/** Observations that wait before they may leave, by the cause they wait for. */
export interface Held {
  add(device: DeviceId, observations: readonly Observation[], cause: string, at: number): void;
  /** In the order they came. */
  of(device: DeviceId, causes: readonly string[], portion?: HeldPortion): readonly HeldRow[];
  /** What waited for this cause waits for a patient only. */
  unblock(device: DeviceId, cause: 'swapped'): void;
  unblockRow(sequence: number): void;
  /** Takes a row out; what still waits of it is put back by `add`. */
  remove(sequence: number): void;
  /**
   * The time is known: what was held before begins to age. Of another run of the machine it is not
   * known how old it is, and it ages from now on.
   */
  date(boot: string, anchorMs: number, now: number): void;
  depths(): readonly {
    readonly device: DeviceId;
    readonly cause: string;
    readonly rows: number;
    readonly oldestAt: number;
  }[];
  /** Lets go of what is older, and of the oldest of a device that has too many. */
  expire(before: number): readonly { readonly device: DeviceId; readonly rows: number }[];
}

/** SQLite: no limit. */
const everything: HeldPortion = { after: 0, countMax: -1 };

export function openHeld(database: Database, trustedTime: TrustedTime): Held {
  const add = database.prepare(
    'insert into held (device, body, cause, held_at, boot) values (?, ?, ?, ?, ?)',
  );
  const of = database.prepare<
    { device: string; causes: string; after: number; countMax: number },
    { sequence: number; device: DeviceId; cause: string; body: string }
  >(
    `select sequence, device, cause, body from held where device = @device and sequence > @after
       and cause in (select value from json_each(@causes))
     order by sequence limit @countMax`,
  );
  const dateOwn = database.prepare(
    'update held set held_at = held_at + ?, boot = null where boot = ?',
  );
  const dateOthers = database.prepare(
    'update held set held_at = ?, boot = null where boot is not null',
  );
  const remove = database.prepare('delete from held where sequence = ?');
  const unblock = database.prepare(
    "update held set cause = 'unbound' where device = ? and cause = ?",
  );
  const unblockRow = database.prepare("update held set cause = 'unbound' where sequence = ?");
  const depths = database.prepare<
    [],
    { device: DeviceId; cause: string; rows: number; oldestAt: number }
  >(
    `select device, cause, rows,
       (select case when boot is null then held_at else 0 end from held where held.device = held_depth.device
          and held.cause = held_depth.cause order by sequence limit 1) as oldestAt
     from held_depth where rows > 0 order by device, cause`,
  );
  const holders = database.prepare<[], { device: DeviceId }>('select distinct device from held');
  const expire = database.prepare<{ before: number; device: string; keep: number }>(
    `delete from held where device = @device and (held_at < @before and boot is null or sequence <= (
       select sequence from held where device = @device
       order by sequence desc limit 1 offset @keep))`,
  );
  return {
    add(device, observations, cause, at) {
      const [first] = observations;
      const dated = first && inTrueTime(first, trustedTime);
      const { boot = null, monotonicMs } = dated?.provisional ?? {};
      const heldAt = monotonicMs ?? (first?.provisional ? dated?.receivedAt : at) ?? at;
      add.run(device, encodeHeld(observations), cause, Math.round(heldAt), boot);
    },
    date(boot, anchorMs, now) {
      dateOwn.run(Math.round(anchorMs), boot);
      dateOthers.run(now);
    },
    unblock: (device, cause) => void unblock.run(device, cause),
    unblockRow: (sequence) => void unblockRow.run(sequence),
    of: (device, causes, { after, countMax } = everything) =>
      of
        .all({ device, causes: JSON.stringify(causes), after, countMax })
        .map(({ body, ...row }) => ({
          ...row,
          observations: decodeHeld(body).map((one) => inTrueTime(one, trustedTime)),
        })),
    remove: (sequence) => void remove.run(sequence),
    depths: () => depths.all(),
    expire: (before) =>
      holders
        .all()
        .map(({ device }) => ({
          device,
          rows: expire.run({ before, device, keep: rowsPerDeviceMax }).changes,
        }))
        .filter(({ rows }) => rows > 0),
  };
}
