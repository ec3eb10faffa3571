import { once } from 'node:events';
import { connect as connectTcp, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import {
  connect,
  length,
  packet,
  publish,
  subscribe,
  uint16,
} from '../../gateway/players/mqtt-packets.ts';
import { RawClient } from '../../gateway/players/raw-mqtt-client.ts';
import { startBroker } from '../support/mqtt-broker-under-test.ts';
import { type Certificate, TestAuthority } from '../support/mqtt-certificates.ts';

let authority: TestAuthority;
let oxi: Certificate;
beforeAll(async () => {
  authority = await TestAuthority.create();
  oxi = await authority.device('oxi-12');
});

const observations = 'devices/oxi-12/observations';
/** The first bytes of a packet that says it is so long. */
const promising = (first: number, bytes: number) =>
  Buffer.concat([Buffer.of(first), length(bytes)]);

/** Resolves when it is open, or when it was closed before. */
async function openTcp(port: number): Promise<Socket> {
  const socket = connectTcp(port, '127.0.0.1');
  socket.on('error', () => {});
  const opened = new Promise<void>((resolve) => socket.once('connect', resolve));
  await Promise.race([opened, closeOf(socket)]);
  socket.resume();
  return socket;
}

function closeOf(socket: Socket): Promise<void> {
  if (socket.closed) return Promise.resolve();
  return new Promise((resolve) => socket.once('close', () => resolve()));
}

describe('before CONNECT', () => {
  it.each<[string, Buffer, Record<string, string>]>([
    ['a CONNECT of 10 MB', promising(0x10, 10_000_000), { limit: 'packet-bytes' }],
    ['a PUBLISH of 10 MB', promising(0x30, 10_000_000), { cause: 'MQTT-3.1.0-1' }],
    ['a PUBLISH', publish(observations, 'x'), { cause: 'MQTT-3.1.0-1' }],
    ['a ping', packet(0xc0), { cause: 'MQTT-3.1.0-1' }],
    ['a length without end', Buffer.from('10ffffffffff', 'hex'), { cause: 'MQTT-2.2.3' }],
    ['a web request', Buffer.from('GET / HTTP/1.1\r\n\r\n'), { cause: 'MQTT-3.1.0-1' }],
  ])('%s is refused at its first bytes', async (_name, bytes, signal) => {
    const { broker, intake } = await startBroker(authority);
    const client = await RawClient.open(broker.port, authority.ca, oxi);
    client.send(bytes);
    expect(await client.next()).toBeUndefined();
    await intake.untilSignal({ ...signal, address: '127.0.0.1' });
  });

  it('nothing is held of 10 MB that are sent all the same', async () => {
    const { broker, intake } = await startBroker(authority);
    const client = await RawClient.open(broker.port, authority.ca, oxi);
    const before = process.memoryUsage().arrayBuffers;
    client.socket.write(promising(0x10, 10_000_000));
    client.socket.write(Buffer.alloc(10_000_000));
    await client.closed;
    await intake.untilSignal({ kind: 'limit', limit: 'packet-bytes' });
    // The sender's own copy is in this process too.
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(16_000_000);
  });

  it.each<[string, Buffer]>([
    ['silence', Buffer.alloc(0)],
    ['half a CONNECT', connect().subarray(0, 9)],
    ['one byte', Buffer.of(0x10)],
  ])('%s ends at the time limit', async (_name, bytes) => {
    const { broker, intake } = await startBroker(authority, { connectMs: 60 });
    const client = await RawClient.open(broker.port, authority.ca, oxi);
    client.send(bytes);
    await client.closed;
    await intake.untilSignal({ kind: 'limit', limit: 'connect-time', device: 'oxi-12' });
  });

  it('a CONNECT of one byte at a time ends at the time limit', async () => {
    const { broker, intake } = await startBroker(authority, { connectMs: 60 });
    const client = await RawClient.open(broker.port, authority.ca, oxi);
    const slow = connect({ clientId: 'x'.repeat(4_000) });
    const drip = async () => {
      for (const byte of slow) {
        if (client.socket.destroyed) return;
        await new Promise((sent) => client.socket.write(Buffer.of(byte), sent));
      }
    };
    await Promise.all([drip(), client.closed]);
    expect(intake.signals.map(({ kind }) => kind)).not.toContain('connected');
  });

  it('a TLS handshake that never comes ends at the time limit', async () => {
    const { broker, intake } = await startBroker(authority, { handshakeMs: 60 });
    const socket = await openTcp(broker.port);
    await closeOf(socket);
    await intake.untilSignal({ kind: 'limit', limit: 'handshake-time', address: '127.0.0.1' });
  });

  it.each<[string, string | Buffer]>([
    ['plain MQTT', connect()],
    ['a web request', 'GET / HTTP/1.1\r\nHost: localhost\r\n\r\n'],
    ['a PROXY header', 'PROXY TCP4 10.0.0.1 10.0.0.2 50000 8883\r\n'],
    ['a PROXY header of version 2', Buffer.from('0d0a0d0a000d0a515549540a2111000c', 'hex')],
    ['nothing but zeros', Buffer.alloc(64)],
    [
      'a TLS record of 64 kB',
      Buffer.concat([Buffer.from('160301ffff01', 'hex'), Buffer.alloc(99)]),
    ],
  ])('%s without TLS is refused, and the address is what it is', async (_name, bytes) => {
    const { broker, intake } = await startBroker(authority);
    const socket = await openTcp(broker.port);
    let heard = '';
    socket.on('data', (chunk) => {
      heard += chunk.toString('hex');
    });
    socket.write(bytes);
    await closeOf(socket);
    await intake.untilSignal({ kind: 'refused', address: '127.0.0.1' });
    // At most a TLS alert.
    expect(heard).toMatch(/^(15.{12})?$/);
  });

  it('a TLS session is not renegotiated', async () => {
    const { broker } = await startBroker(authority);
    const socket = connectTls({
      ...{ host: '127.0.0.1', port: broker.port, ca: authority.ca, ...oxi },
      maxVersion: 'TLSv1.2',
    });
    socket.on('error', () => {});
    await once(socket, 'secureConnect');
    const refusal = new Promise((resolve) => socket.renegotiate({}, resolve));
    const ended = closeOf(socket).then(() => new Error('closed'));
    expect(await Promise.race([refusal, ended])).toBeInstanceOf(Error);
    socket.destroy();
  });
});

describe('too many', () => {
  it.each<[string, Parameters<typeof startBroker>[1]]>([
    ['connections', { connectionsMax: 2 }],
    ['connections-per-address', { connectionsPerAddressMax: 2 }],
    ['handshakes', { handshakesMax: 2 }],
    ['handshakes-per-address', { handshakesPerAddressMax: 2 }],
    ['connect-rate', { connectBurst: 2, connectsPerSecond: 0.001 }],
  ])('%s: the next one is refused, and its place is free again later', async (limit, limits) => {
    const { broker, intake } = await startBroker(authority, limits);
    const first = await openTcp(broker.port);
    const second = await openTcp(broker.port);
    const third = await openTcp(broker.port);
    await closeOf(third);
    await intake.untilSignal({ kind: 'limit', limit, address: '127.0.0.1' });
    expect([first.closed, second.closed]).toEqual([false, false]);
    for (const socket of [first, second]) socket.destroy();
    if (limit === 'connect-rate') return;
    // The server hears of the two ends after the client does.
    let isIn = false;
    while (!isIn) {
      const client = await RawClient.open(broker.port, authority.ca, oxi);
      client.send(connect());
      isIn = (await client.next())?.at(3) === 0;
      client.socket.destroy();
    }
  });

  it('finished handshakes do not count as half-open ones', async () => {
    const { broker } = await startBroker(authority, { handshakesPerAddressMax: 1 });
    for (const id of ['oxi-12', 'vent-2', 'oxi-13'])
      await RawClient.connected(broker.port, authority.ca, await authority.device(id), {
        clientId: id,
      });
    expect(broker.connected).toBe(3);
  });

  it('refusals make few lines, however many they are', async () => {
    const { broker, intake, lines } = await startBroker(authority, {
      connectionsMax: 1,
      refusalLinesMax: 3,
      sweepMs: 60_000,
    });
    await openTcp(broker.port);
    const sockets = await Promise.all(Array.from({ length: 20 }, () => openTcp(broker.port)));
    await Promise.all(sockets.map(closeOf));
    await intake.until(({ signals }) => signals.length === 20);
    expect(lines).toHaveLength(3);
  });
});

describe('after CONNECT', () => {
  it.each<[string, Buffer, Record<string, string>]>([
    ['a second CONNECT', connect(), { cause: 'MQTT-3.1.0-2' }],
    ['a PUBLISH of 10 MB', promising(0x32, 10_000_000), { limit: 'packet-bytes' }],
    ['a SUBSCRIBE of 10 MB', promising(0x82, 10_000_000), { limit: 'packet-bytes' }],
    ['a ping with a body', promising(0xc0, 200_000_000), { cause: 'MQTT-3.12.1' }],
    ['a packet of a server', packet(0x20, 0, 0), { cause: 'MQTT-2.2.1' }],
    ['a PUBREL without its flag', packet(0x60, uint16(1)), { cause: 'MQTT-3.6.1-1' }],
    ['a SUBSCRIBE of nothing', packet(0x82, uint16(1)), { cause: 'MQTT-3.8.3-3' }],
    ['a broken filter', subscribe('devices/oxi-12/commands#'), { cause: 'MQTT-4.7.1-2' }],
    [
      'an endless topic',
      subscribe(`devices/oxi-12/commands${'/a'.repeat(200)}`),
      { limit: 'topic-levels' },
    ],
  ])('%s ends the connection and is reported', async (_name, bytes, signal) => {
    const { broker, intake } = await startBroker(authority);
    const client = await RawClient.connected(broker.port, authority.ca, oxi);
    client.send(bytes);
    expect(await client.next()).toBeUndefined();
    await intake.untilSignal({ ...signal, device: 'oxi-12' });
  });

  it('a packet that is begun and never ended ends at the time limit', async () => {
    const { broker, intake } = await startBroker(authority, { packetMs: 60 });
    const client = await RawClient.connected(broker.port, authority.ca, oxi);
    client.send(publish(observations, 'x'.repeat(1_000)).subarray(0, 500));
    await client.closed;
    await intake.untilSignal({ kind: 'limit', limit: 'packet-time' });
  });

  it('a packet that is begun in the same breath as CONNECT ends at the time limit', async () => {
    const { broker, intake } = await startBroker(authority, { packetMs: 60 });
    const client = await RawClient.open(broker.port, authority.ca, oxi);
    client.send(connect(), publish(observations, 'x'.repeat(1_000)).subarray(0, 500));
    await client.closed;
    await intake.untilSignal({ kind: 'limit', limit: 'packet-time' });
  });

  it('begun packets of all clients together are bounded', async () => {
    const { broker, intake } = await startBroker(authority, { heldBytesMax: 50_000 });
    const client = await RawClient.connected(broker.port, authority.ca, oxi);
    client.send(publish(observations, 'x'.repeat(60_000)).subarray(0, 58_000));
    await client.closed;
    await intake.untilSignal({ kind: 'limit', limit: 'held-bytes' });
  });

  it.each<[string, Buffer]>([
    ['pings', packet(0xc0)],
    ['publishes', publish(observations, 'x')],
  ])('a client that never reads the answers to its %s is read no more', async (_name, bytes) => {
    const { broker, intake } = await startBroker(authority, { unreadMs: 200 });
    const client = await RawClient.connected(broker.port, authority.ca, oxi);
    client.socket.pause();
    const before = process.memoryUsage().arrayBuffers;
    const many = Buffer.concat(Array.from({ length: 30_000 / bytes.length }, () => bytes));
    const push = () => {
      while (!client.socket.destroyed && client.socket.write(many));
    };
    client.socket.on('drain', push);
    push();
    await intake.untilSignal({ kind: 'limit', limit: 'unread-time' });
    const held = process.memoryUsage().arrayBuffers - before;
    client.socket.destroy();
    // Of both ends, garbage included; what was sent is a multiple of it.
    expect(held).toBeLessThan(64_000_000);
  });

  it('any bytes leave the broker standing', async () => {
    const { broker, intake } = await startBroker(authority);
    const good = await authority.device('vent-2');
    const other = await RawClient.connected(broker.port, authority.ca, good, {
      clientId: 'vent-2',
    });
    await fc.assert(
      fc.asyncProperty(
        fc.nat(255),
        fc.uint8Array({ maxLength: 40 }),
        fc.boolean(),
        async (first, body, isConnected) => {
          const client = await RawClient.open(broker.port, authority.ca, oxi);
          if (isConnected) client.send(connect());
          client.send(packet(first, body), packet(0xe0));
          await client.closed;
        },
      ),
      { numRuns: 60 },
    );
    other.send(publish('devices/vent-2/observations', 'x'));
    expect((await other.next())?.at(0)).toBe(0x40);
    expect(intake.offered.at(-1)?.device).toBe('vent-2');
  });
});

it('lets 300 clients in at once', async () => {
  const { broker } = await startBroker(authority);
  const clients = await Promise.all(
    Array.from({ length: 300 }, () => RawClient.open(broker.port, authority.ca, oxi)),
  );
  expect(clients.filter(({ socket }) => socket.getProtocol() === 'TLSv1.3')).toHaveLength(300);
});

it('ends everybody when it closes, and frees its port', async () => {
  const { broker, intake } = await startBroker(authority);
  const client = await RawClient.connected(broker.port, authority.ca, oxi);
  const shaking = await openTcp(broker.port);
  await broker.close();
  await Promise.all([client.closed, closeOf(shaking)]);
  await intake.untilSignal({ kind: 'disconnected', cause: 'shutdown' });
  expect(broker.connected).toBe(0);
  const late = await openTcp(broker.port);
  await closeOf(late);
});
