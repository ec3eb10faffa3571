import { connect as connectTls, type TLSSocket } from 'node:tls';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import fc from 'fast-check';
import { beforeAll, expect, it } from 'vitest';
import {
  connect,
  field,
  packet,
  publish,
  subscribe,
  uint16,
  unsubscribe,
} from '../../gateway/players/mqtt-packets.ts';
import { RawClient } from '../../gateway/players/raw-mqtt-client.ts';
import { startBroker } from '../support/mqtt-broker-under-test.ts';
import { type Certificate, TestAuthority } from '../support/mqtt-certificates.ts';

/** The same bytes every time: a failure here is a failure everywhere. */
const seed = 20_261_122;
const runs = 250;
/** A client that is not ended in this time never will be. */
const runMsMax = 5_000;
const heapGrowthMax = 32 * 2 ** 20;

let authority: TestAuthority;
let oxi: Certificate;
let vent: Certificate;
beforeAll(async () => {
  authority = await TestAuthority.create();
  oxi = await authority.device('oxi-12');
  vent = await authority.device('vent-2');
});

const observations = 'devices/oxi-12/observations';
const commands = 'devices/oxi-12/commands';
const packetId = fc.integer({ min: 1, max: 65_535 });
const payload = fc.uint8Array({ maxLength: 300, size: 'max' });

/** A publish in order, of a packet id of its own: QoS 2 of an id that is open would be the same. */
const published = fc.tuple(payload, fc.constantFrom<1 | 2>(1, 2)).map(
  ([bytes, qos]) =>
    (id: number) =>
      publish(observations, bytes, { qos, id }),
);

/** Whatever else a device may say. */
const said = fc.oneof(
  fc.constant(packet(0xc0)),
  packetId.map((id) => packet(0x40, uint16(id))),
  packetId.map((id) => packet(0x70, uint16(id))),
  fc.nat(9).map((name) => subscribe(`${commands}/${name}`, `devices/${name}/#`)),
  fc.nat(9).map((name) => unsubscribe(`${commands}/${name}`)),
  payload.map((bytes) => publish('devices/oxi-12/waveforms', bytes, { qos: 0 })),
);

/** What no device may say, of every kind of reason. */
const forbidden = fc.oneof(
  fc
    .tuple(fc.constantFrom(0x00, 0x20, 0x90, 0xb0, 0xd0, 0xf0), payload)
    .map(([first, bytes]) => packet(first, bytes)),
  fc
    .tuple(fc.constantFrom(0x42, 0x51, 0x60, 0x63, 0x78, 0x80, 0x8a, 0xa0, 0xc1, 0xe8), packetId)
    .map(([first, id]) => packet(first, uint16(id), field('a'), 0)),
  fc.constantFrom(
    connect(),
    publish(observations, 'x', { id: 0 }),
    publish(observations, 'x', { qos: 0, flags: 8 }),
    packet(0x36, field(observations), uint16(1)),
    packet(0x82, uint16(1)),
    packet(0x82, uint16(1), field(`${commands}/a`), 3),
    packet(0xa2, uint16(1), field('')),
    publish('devices/vent-2/observations', 'x'),
    publish(Buffer.of(0x61, 0xff), 'x'),
    publish('devices/oxi-12/\0', 'x'),
    subscribe(`${commands}/#/a`),
    Buffer.from('32ffffffff01', 'hex'),
    Buffer.from('32ffffff7f', 'hex'),
    packet(0x40, Buffer.alloc(5_000)),
  ),
);

/** A packet in order with some of its bytes exchanged, dropped or doubled. */
const mutated = fc
  .tuple(
    fc.oneof(
      said,
      fc.tuple(published, packetId).map(([make, id]) => make(id)),
      fc.constant(connect()),
    ),
    fc.array(fc.tuple(fc.nat(400), fc.nat(255), fc.nat(2)), { minLength: 1, maxLength: 4 }),
  )
  .map(([bytes, changes]) => {
    const mutant = [...bytes];
    for (const [at, byte, kind] of changes) {
      const index = at % Math.max(1, mutant.length);
      if (kind === 0) mutant[index] = byte;
      else if (kind === 1) mutant.splice(index, 1);
      else mutant.splice(index, 0, byte);
    }
    return Buffer.from(mutant);
  });

/** A packet whose length is wrong takes some of it in: what is left is still an end. */
const goodbye = Buffer.concat([packet(0xe0), Buffer.alloc(500)]);
const noise = fc.uint8Array({ maxLength: 200, size: 'max' }).map((bytes) => Buffer.from(bytes));
/** Where the bytes are cut into TLS records. */
const cuts = fc.array(fc.integer({ min: 1, max: 64 }), { minLength: 1, maxLength: 12 });

function write(socket: TLSSocket, bytes: Buffer, sizes: readonly number[]): void {
  let from = 0;
  for (let index = 0; from < bytes.length; index++) {
    // The last sizes are large: a stream of thousands of records would test only the clock.
    const size = (sizes[index % sizes.length] ?? 1) * (index < 40 ? 1 : 100);
    socket.write(bytes.subarray(from, from + size));
    from += size;
  }
}

function heapBytes(): number {
  setFlagsFromString('--expose-gc');
  const collect: unknown = runInNewContext('gc');
  if (typeof collect === 'function') collect();
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}

/** A TLS client that resumes one session, since handshakes are not what is tested. */
async function opener(port: number): Promise<() => Promise<TLSSocket>> {
  const options = { host: '127.0.0.1', port, ca: authority.ca, ...oxi };
  const first = connectTls(options);
  const session = await new Promise<Buffer>((resolve) => first.once('session', resolve));
  first.destroy();
  return async () => {
    const socket = connectTls({ ...options, session });
    socket.on('error', () => {});
    socket.setNoDelay(true);
    await new Promise<void>((resolve) => socket.once('secureConnect', resolve));
    socket.resume();
    return socket;
  };
}

function closeOf(socket: TLSSocket): Promise<void> {
  if (socket.closed) return Promise.resolve();
  return new Promise((resolve) => socket.once('close', () => resolve()));
}

it('fuzzed clients are ended, lose nothing that was in order, and disturb nobody', async () => {
  const times = { connectMs: 250, packetMs: 250, silenceMs: 60_000 };
  const rates = { connectBurst: 100_000, connectsPerSecond: 100_000 };
  const { broker, intake } = await startBroker(authority, { ...times, ...rates });
  const good = await RawClient.connected(broker.port, authority.ca, vent, { clientId: 'vent-2' });
  const open = await opener(broker.port);
  let id = 0;
  const servedStill = async () => {
    id += 1;
    good.send(publish('devices/vent-2/observations', `${id}`, { id }));
    expect((await good.next())?.toString('hex')).toBe(packet(0x40, uint16(id)).toString('hex'));
  };
  const offeredBy = (device: string) =>
    intake.offered.filter((offer) => offer.device === device).length;
  const before = heapBytes();

  // All that comes before the first packet out of order is taken, and nothing after it.
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.oneof(published, said), { maxLength: 12 }),
      forbidden,
      fc.array(published, { maxLength: 2 }),
      cuts,
      async (allowed, bad, late, sizes) => {
        const had = offeredBy('oxi-12');
        let next = 0;
        const make = (one: Buffer | ((id: number) => Buffer)) =>
          typeof one === 'function' ? one(++next) : one;
        const good = allowed.map(make);
        const due = good.filter((bytes) => (bytes[0] ?? 0) >> 4 === 3).length;
        const socket = await open();
        write(socket, Buffer.concat([connect(), ...good, bad, ...late.map(make)]), sizes);
        await closeOf(socket);
        await intake.until(() => broker.connected === 1);
        expect(offeredBy('oxi-12') - had).toBe(due);
        await servedStill();
      },
    ),
    { seed, numRuns: runs, timeout: runMsMax, interruptAfterTimeLimit: 4_000 },
  );

  // Anything at all: before CONNECT, after it, whole and in pieces.
  await fc.assert(
    fc.asyncProperty(
      fc.boolean(),
      fc.array(fc.oneof(mutated, noise, said, forbidden), { minLength: 1, maxLength: 8 }),
      cuts,
      async (isConnected, pieces, sizes) => {
        const socket = await open();
        const hello = isConnected ? connect() : Buffer.alloc(0);
        write(socket, Buffer.concat([hello, ...pieces, goodbye]), sizes);
        const closed = closeOf(socket);
        await servedStill();
        await closed;
      },
    ),
    { seed, numRuns: runs, timeout: runMsMax, interruptAfterTimeLimit: 4_000 },
  );

  await servedStill();
  await intake.until(() => broker.connected === 1);
  expect(offeredBy('vent-2')).toBe(id);
  intake.offered.length = 0;
  expect(heapBytes() - before).toBeLessThan(heapGrowthMax);
}, 30_000);
