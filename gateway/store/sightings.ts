import type { DeviceId } from '../core/device.ts';
import type { Database } from './database.ts';

/** Addresses remembered of one device; the oldest goes first. */
const addressesMax = 16;

/** From which addresses devices were seen, and when last. */
export interface Sightings {
  see(device: DeviceId, address: string, at: number): void;
  /** Devices seen there since. */
  at(address: string, since: number): readonly DeviceId[];
  /** Addresses it was seen at since. */
  of(device: DeviceId, since: number): readonly string[];
}

export function openSightings(database: Database): Sightings {
  const see = database.prepare(
    'insert or replace into sighting (device, address, at) values (?, ?, ?)',
  );
  const trim = database.prepare(
    `delete from sighting where device = @device and at < (
       select min(at) from (
         select at from sighting where device = @device order by at desc limit @addressesMax))`,
  );
  const devices = database
    .prepare<[string, number], DeviceId>(
      'select device from sighting where address = ? and at >= ? order by device',
    )
    .pluck();
  const addresses = database
    .prepare<[DeviceId, number], string>(
      'select address from sighting where device = ? and at >= ? order by at desc',
    )
    .pluck();
  return {
    see(device, address, at) {
      see.run(device, address, at);
      trim.run({ device, addressesMax });
    },
    at: (address, since) => devices.all(address, since),
    of: (device, since) => addresses.all(device, since),
  };
}
