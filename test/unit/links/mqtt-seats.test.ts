import { describe, expect, it } from 'vitest';
import vitalSigns from '../../../device-profiles/generic/vital-signs-monitor.ts';
import radical7 from '../../../device-profiles/masimo/radical-7.ts';
import type { DeviceId } from '../../../gateway/core/device.ts';
import type { DeviceProfile } from '../../../gateway/core/device-profile.ts';
import type { ConnectPacket } from '../../../gateway/links/mqtt-connect.ts';
import { MqttSeats, type Sitter } from '../../../gateway/links/mqtt-seats.ts';
import { createMqttSessions } from '../../../gateway/links/mqtt-sessions.ts';
import type { Sighting } from '../../../gateway/links/mqtt-sighting.ts';
import { ManualStanding } from '../../support/standing.ts';

const device = 'oxi-12' as DeviceId;
const connect: ConnectPacket = {
  clientId: device,
  isClean: true,
  keepAliveSeconds: 60,
  forwarded: Buffer.alloc(0),
};

class Connection implements Sitter {
  isLive = true;
  endedBy: string | undefined;
  heardAt = performance.now();
  readonly identity;
  readonly address: string;
  readonly offered: string | undefined;

  constructor(fingerprint = 'AB', address = '10.0.0.1', ...offered: [string?]) {
    this.offered = offered.length === 0 ? 'TLSv1.3' : offered[0];
    this.identity = { device, fingerprint };
    this.address = address;
  }

  close(cause: string): void {
    this.isLive = false;
    this.endedBy = cause;
  }
}

function seatsFor(
  profile: DeviceProfile | undefined = vitalSigns,
  standing = new ManualStanding(),
  seen: Sighting[] = [],
): MqttSeats {
  return new MqttSeats(
    async () => profile,
    createMqttSessions(10, 10),
    standing,
    (_, sighting) => seen.push(sighting),
  );
}

it('gives a seat on only after the broker let the one before go', async () => {
  const seats = seatsFor();
  const first = new Connection();
  const second = new Connection();
  const third = new Connection();
  await seats.admit(first, connect);
  const order: string[] = [];
  const secondIn = seats.admit(second, connect).then((answer) => order.push(answer ? 'yes' : 'no'));
  const thirdIn = seats.admit(third, connect).then((answer) => order.push(answer ? 'yes' : 'no'));
  // Both have asked, and the older ones are told to go.
  await Promise.resolve().then(() => Promise.resolve());
  expect([first.endedBy, second.endedBy, third.endedBy]).toEqual([
    'taken-over',
    'taken-over',
    undefined,
  ]);
  // The second leaves before the first did; the third still waits for the first.
  const secondSeat = seats.leaving(second);
  void secondSeat?.before.then(secondSeat.leave);
  await new Promise((turn) => setImmediate(turn));
  expect(order).toEqual([]);
  seats.leaving(first)?.leave();
  await Promise.all([secondIn, thirdIn]);
  expect(order).toEqual(['no', 'yes']);
  expect(seats.of(device)?.sitter).toBe(third);
});

it('keeps a clone out while the older connection lives, and lets it in afterwards', async () => {
  const seats = seatsFor();
  const first = new Connection('AB');
  await seats.admit(first, connect);
  const refused = await seats.admit(new Connection('CD'), connect);
  expect(refused).toMatchObject({ returnCode: 5, sighting: { cause: 'client-id-taken' } });
  expect(first.isLive).toBe(true);
  first.close('disconnect');
  seats.leaving(first)?.leave();
  expect(await seats.admit(new Connection('CD'), connect)).toMatchObject({ device });
});

it('gives a seat on to the certificate that was issued in the place of the older one, not back', async () => {
  const standing = new ManualStanding();
  standing.replacements.set('CD', 'AB');
  const seats = seatsFor(vitalSigns, standing);
  const before = new Connection('AB');
  await seats.admit(before, connect);
  const renewed = new Connection('CD');
  const admitted = seats.admit(renewed, connect);
  await Promise.resolve().then(() => Promise.resolve());
  expect(before.endedBy).toBe('taken-over');
  seats.leaving(before)?.leave();
  expect(await admitted).toMatchObject({ device });
  expect(await seats.admit(new Connection('AB'), connect)).toMatchObject({
    sighting: { cause: 'client-id-taken' },
  });
});

it('refuses a device without a profile, and one that belongs on a serial line', async () => {
  const answer = { returnCode: 5, sighting: { kind: 'refused', cause: 'not-registered' } };
  const nobody = new MqttSeats(
    async () => undefined,
    createMqttSessions(10, 10),
    new ManualStanding(),
    () => {},
  );
  expect(await nobody.admit(new Connection(), connect)).toEqual(answer);
  expect(await seatsFor(radical7).admit(new Connection(), connect)).toEqual(answer);
});

it('forgets a connection that ended while it was judged', async () => {
  const seats = seatsFor();
  const gone = new Connection();
  const judged = seats.admit(gone, connect);
  gone.close('closed');
  expect(await judged).toBeUndefined();
  expect(seats.leaving(gone)).toBeUndefined();
  expect(seats.of(device)).toBeUndefined();
});

describe('one certificate at two addresses', () => {
  const cloned = { returnCode: 5, sighting: { kind: 'refused', cause: 'certificate-cloned' } };

  it('leaves the older one its place while it goes on speaking', async () => {
    const seats = seatsFor();
    const older = new Connection('AB', '10.0.0.1');
    await seats.admit(older, connect);
    const judged = seats.admit(new Connection('AB', '10.0.0.2'), connect);
    older.heardAt = performance.now() + 1;
    expect(await judged).toEqual(cloned);
    expect(older.isLive).toBe(true);
  });

  it('lets a device move: the one it was is silent, and says nothing any more', async () => {
    const seen: Sighting[] = [];
    const seats = seatsFor(vitalSigns, undefined, seen);
    const older = new Connection('AB', '10.0.0.1');
    await seats.admit(older, connect);
    older.heardAt = performance.now() - 60_000;
    const moved = new Connection('AB', '10.0.0.2');
    const admitted = seats.admit(moved, connect);
    await expect.poll(() => older.endedBy).toBe('taken-over');
    seats.leaving(older)?.leave();
    expect(await admitted).toMatchObject({ device });
    expect(seen).toEqual([{ kind: 'taken-over', isSameAddress: false, wasAlive: false }]);
  });

  it('gives the place back at once to whoever was there first, and says that two are there', async () => {
    const seen: Sighting[] = [];
    const seats = seatsFor(vitalSigns, undefined, seen);
    const first = new Connection('AB', '10.0.0.1');
    await seats.admit(first, connect);
    first.heardAt = performance.now() - 60_000;
    const clone = new Connection('AB', '10.0.0.66');
    const cloneIn = seats.admit(clone, connect);
    await expect.poll(() => first.endedBy).toBe('taken-over');
    seats.leaving(first)?.leave();
    await cloneIn;
    clone.heardAt = performance.now();
    const back = new Connection('AB', '10.0.0.1');
    const backIn = seats.admit(back, connect);
    await expect.poll(() => clone.endedBy).toBe('taken-over');
    seats.leaving(clone)?.leave();
    expect(await backIn).toMatchObject({ device });
    expect(seen.at(-1)).toEqual({ kind: 'taken-over', isSameAddress: false, wasAlive: true });
    // Now the clone meets one that lives.
    const again = seats.admit(new Connection('AB', '10.0.0.66'), connect);
    back.heardAt = performance.now() + 1;
    expect(await again).toEqual(cloned);
  });
});

describe('one certificate twice behind one address', () => {
  const other = { ...connect, keepAliveSeconds: 30 };
  const cloned = { returnCode: 5, sighting: { kind: 'refused', cause: 'certificate-cloned' } };

  it.each([
    ['asks for another keep-alive', other, 'TLSv1.3'],
    ['has another TLS', connect, 'TLSv1.2'],
  ])(
    'leaves the older one its place while it speaks and the other one %s',
    async (_, asked, tls) => {
      const seats = seatsFor();
      const older = new Connection();
      await seats.admit(older, connect);
      const judged = seats.admit(new Connection('AB', '10.0.0.1', tls), asked);
      older.heardAt = performance.now() + 1;
      expect(await judged).toEqual(cloned);
      expect(older.isLive).toBe(true);
    },
  );

  it('lets a device in that was started anew with other software', async () => {
    const seen: Sighting[] = [];
    const seats = seatsFor(vitalSigns, undefined, seen);
    const older = new Connection();
    await seats.admit(older, connect);
    older.heardAt = performance.now() - 60_000;
    const admitted = seats.admit(new Connection(), other);
    await expect.poll(() => older.endedBy).toBe('taken-over');
    seats.leaving(older)?.leave();
    expect(await admitted).toMatchObject({ device });
    expect(seen).toEqual([{ kind: 'taken-over', isSameAddress: true, wasAlive: false }]);
  });

  it('takes a resumed handshake, which offers nothing, for the same', async () => {
    const seats = seatsFor();
    const older = new Connection();
    await seats.admit(older, connect);
    void seats.admit(new Connection('AB', '10.0.0.1', undefined), connect);
    await Promise.resolve().then(() => Promise.resolve());
    await expect.poll(() => older.endedBy, { timeout: 500 }).toBe('taken-over');
  });
});
