import type { Association } from '../core/association.ts';
import type { Device, DeviceId } from '../core/device.ts';
import { Phi } from '../core/phi.ts';
import type { Place } from '../core/place.ts';
import type { Database } from './database.ts';

interface DeviceRow {
  id: DeviceId;
  profile: string;
  class: Device['class'];
  function: Device['function'];
  ward: string;
  room: string;
  bed: string;
  placedAt: number;
  addedAt: number;
}

/** A one-time enrolment token, as far as it is kept. */
export interface EnrolmentToken {
  /** SHA-256 of the token, base64url. */
  readonly hash: string;
  /** Milliseconds since the epoch. */
  readonly expiresAt: number;
}

/** How many of a device's last associations are looked at: who it was bound to when it measured. */
const associationsMax = 16;

/** The site's devices, their enrolment tokens, and whom they are bound to. */
export interface Devices {
  list(): readonly Device[];
  /** In the order of their ids, after one of them. */
  page(after: string, countMax: number): readonly Device[];
  find(id: string): Device | undefined;
  /** The serial number it announced, if it ever did. */
  serialNumber(id: DeviceId): string | undefined;
  /** Binds the device to what it announces; undefined lets it announce itself anew. */
  announce(id: DeviceId, serialNumber: string | undefined): void;
  add(device: Device, token: EnrolmentToken): void;
  /** The token that has not been spent, if there is one. */
  token(id: string): EnrolmentToken | undefined;
  /** A new token in the place of the one before; undefined takes it away. */
  setToken(id: DeviceId, token: EnrolmentToken | undefined): void;
  /** Where it stands from now on. */
  place(id: DeviceId, place: Place, at: number): void;
  /** Newest first. */
  associations(id: DeviceId): readonly Association[];
  associate(id: DeviceId, subject: Phi, since: number): void;
  /** Puts one in the place of the one that began at the same time. */
  keepAssociation(id: DeviceId, association: Association): void;
  /** False when the device was bound to nobody. */
  dissociate(id: DeviceId, until: number): boolean;
}

export function openDevices(database: Database): Devices {
  const columns = `id, profile, class, function, ward, room, bed,
    placed_at as placedAt, added_at as addedAt`;
  const list = database.prepare<[], DeviceRow>(`select ${columns} from device order by id`);
  const find = database.prepare<[string], DeviceRow>(`select ${columns} from device where id = ?`);
  const page = database.prepare<[string, number], DeviceRow>(
    `select ${columns} from device where id > ? order by id limit ?`,
  );
  const add = database.prepare(
    `insert into device (id, profile, class, function, ward, room, bed, placed_at, added_at,
       token_hash, token_expires_at)
     values (@id, @profile, @class, @function, @ward, @room, @bed, @placedAt, @addedAt,
       @hash, @expiresAt)`,
  );
  const place = database.prepare(
    'update device set ward = @ward, room = @room, bed = @bed, placed_at = @at where id = @id',
  );
  const serialNumber = database.prepare<[string], { serialNumber: string | null }>(
    'select serial_number as serialNumber from device where id = ?',
  );
  const announce = database.prepare('update device set serial_number = ? where id = ?');
  const token = database.prepare<[string], EnrolmentToken>(
    `select token_hash as hash, token_expires_at as expiresAt
     from device where id = ? and token_hash is not null`,
  );
  const setToken = database.prepare(
    'update device set token_hash = ?, token_expires_at = ? where id = ?',
  );
  const associations = database.prepare<
    [string, number],
    { subject: string; since: number; until: number | null }
  >(`select subject, since, until from association where device = ? order by since desc limit ?`);
  const end = database.prepare(
    'update association set until = max(since, ?) where device = ? and until is null',
  );
  const begin = database.prepare(
    `insert into association (device, subject, since) values (?, ?, ?)
     on conflict (device, since) do update set subject = excluded.subject, until = null`,
  );

  const keepAssociation = database.prepare(
    `insert into association (device, subject, since, until) values (?, ?, ?, ?)
     on conflict (device, since) do update set subject = excluded.subject, until = excluded.until`,
  );

  return {
    list: () => list.all(),
    page: (after, countMax) => page.all(after, countMax),
    find: (id) => find.get(id),
    serialNumber: (id) => serialNumber.get(id)?.serialNumber ?? undefined,
    announce: (id, announced) => void announce.run(announced ?? null, id),
    add: (device, token) =>
      void add.run({ room: '', bed: '', placedAt: device.addedAt, ...device, ...token }),
    place: (id, { ward, room, bed }, at) => void place.run({ id, ward, room, bed, at }),
    token: (id) => token.get(id),
    setToken: (id, next) => void setToken.run(next?.hash ?? null, next?.expiresAt ?? null, id),
    associations: (id) =>
      associations.all(id, associationsMax).map(({ subject, since, until }) => ({
        subject: new Phi(subject),
        since,
        ...(until !== null && { until }),
      })),
    associate(id, subject, since) {
      end.run(since, id);
      begin.run(id, subject.reveal(), since);
    },
    keepAssociation: (id, { subject, since, until }) =>
      void keepAssociation.run(id, subject.reveal(), since, until ?? null),
    dissociate: (id, until) => end.run(until, id).changes > 0,
  };
}
