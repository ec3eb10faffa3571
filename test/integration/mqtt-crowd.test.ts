import { connect as connectTcp, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { beforeAll, describe, expect, it } from 'vitest';
import {
  connect,
  field,
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
let vent: Certificate;
beforeAll(async () => {
  authority = await TestAuthority.create();
  oxi = await authority.device('oxi-12');
  vent = await authority.device('vent-2');
});

const observations = (id: string) => `devices/${id}/observations`;
const pingreq = packet(0xc0);
const asVent = { clientId: 'vent-2' };
const anyRate = { connectBurst: 100_000, connectsPerSecond: 100_000 };

function closeOf(socket: Socket): Promise<void> {
  if (socket.closed) return Promise.resolve();
  return new Promise((resolve) => socket.once('close', () => resolve()));
}

function openTcp(port: number): Promise<Socket> {
  const socket = connectTcp(port, '127.0.0.1');
  socket.on('error', () => {});
  socket.resume();
  return new Promise((resolve) => {
    socket.once('connect', () => resolve(socket));
    socket.once('close', () => resolve(socket));
  });
}

/** Gone before the server accepts it: then the server can no more tell its address. */
function resetAtOnce(port: number): Socket {
  const socket = connectTcp(port, '127.0.0.1');
  socket.on('error', () => {});
  socket.once('connect', () => socket.resetAndDestroy());
  return socket;
}

/** Milliseconds from a publish to its PUBACK, the longest of `count` in a row. */
async function slowestPuback(client: RawClient, topic: string, count: number): Promise<number> {
  let slowest = 0;
  for (let id = 1; id <= count; id++) {
    const since = performance.now();
    client.send(publish(topic, `${id}`, { id }));
    expect((await client.next())?.toString('hex')).toBe(packet(0x40, uint16(id)).toString('hex'));
    slowest = Math.max(slowest, performance.now() - since);
  }
  return slowest;
}

describe('a good device is served', () => {
  it('while a thousand TCP connections never say hello', async () => {
    const { broker, intake } = await startBroker(authority, { handshakeMs: 400, ...anyRate });
    const idle = await Promise.all(Array.from({ length: 1_000 }, () => openTcp(broker.port)));
    const good = await RawClient.connected(broker.port, authority.ca, vent, asVent);
    good.send(publish(observations('vent-2'), 'x'));
    expect((await good.next())?.at(0)).toBe(0x40);
    await Promise.all(idle.map(closeOf));
    const late = intake.signals.filter(
      (signal) => signal.kind === 'limit' && signal.limit === 'handshake-time',
    );
    expect(late).toHaveLength(1_000);
  });

  it.each<[string, (index: number) => Buffer]>([
    ['publishes', (index) => publish(observations('oxi-12'), 'x'.repeat(200), { id: 1 + index })],
    ['pings', () => pingreq],
    ['SUBSCRIBEs', (index) => subscribe(`devices/oxi-12/commands/${index}`, `devices/${index}/#`)],
  ])('while another floods with %s', async (_name, next) => {
    const { broker } = await startBroker(authority);
    const good = await RawClient.connected(broker.port, authority.ca, vent, asVent);
    const alone = await slowestPuback(good, observations('vent-2'), 30);
    const bad = await RawClient.connected(broker.port, authority.ca, oxi);
    const many = Buffer.concat(Array.from({ length: 500 }, (_, index) => next(index)));
    const push = () => {
      while (!bad.socket.destroyed && bad.socket.write(many));
    };
    bad.socket.removeAllListeners('data').on('data', () => {});
    bad.socket.on('drain', push);
    push();
    const beside = await slowestPuback(good, observations('vent-2'), 30);
    bad.socket.destroy();
    // The flood is made on this very thread: this bound is for standing still, not for speed.
    expect(beside).toBeLessThan(500 + 10 * alone);
  });
});

describe('what a client leaves behind', () => {
  it('is one will for each connection that it drops', async () => {
    const { broker, intake } = await startBroker(authority, anyRate);
    const will = [field('devices/oxi-12/status'), field('gone')];
    for (let count = 1; count <= 40; count++) {
      const client = await RawClient.connected(broker.port, authority.ca, oxi, {
        flags: 0x0e,
        more: will,
      });
      client.socket.destroy();
      await intake.until(({ offered }) => offered.length === count);
    }
    expect(new Set(intake.texts)).toEqual(new Set(['gone']));
    expect(intake.offered).toHaveLength(40);
  });

  it('is nothing, after hundreds of connections that ended in every way', async () => {
    // Hardly more places than one round needs: one that is not given back is soon missed.
    const places = { connectionsMax: 40, handshakesMax: 40 };
    const { broker, intake } = await startBroker(authority, { ...anyRate, ...places });
    const session = await ticketOf(broker.port);
    const churn = async (rounds: number) => {
      for (let round = 0; round < rounds; round++) {
        const sockets = await Promise.all(endings.map((end) => end(broker.port, session)));
        await Promise.all(sockets.map(closeOf));
      }
      await intake.until(({ signals }) => countOf(signals, 'connected') === ended(signals));
      // Sockets that are closed leave the list of what is active one turn later.
      for (let turn = 0; turn < 5; turn++) await new Promise((next) => setImmediate(next));
    };
    await churn(5);
    const before = activeResources();
    await churn(40);
    expect(activeResources()).toEqual(before);
    expect(broker.connected).toBe(0);
    const good = await RawClient.connected(broker.port, authority.ca, vent, asVent);
    good.send(pingreq);
    expect((await good.next())?.at(0)).toBe(0xd0);
  });

  it('is no place in the count of handshakes, when it resets before one', async () => {
    const { broker } = await startBroker(authority, { ...anyRate, handshakesMax: 8 });
    for (let round = 0; round < 20; round++) {
      const sockets = Array.from({ length: 8 }, () => resetAtOnce(broker.port));
      await Promise.all(sockets.map(closeOf));
    }
    let isIn = false;
    while (!isIn) {
      const client = await RawClient.open(broker.port, authority.ca, oxi);
      client.send(connect());
      isIn = (await client.next())?.at(3) === 0;
    }
  });
});

type Signals = Awaited<ReturnType<typeof startBroker>>['intake']['signals'];
const countOf = (signals: Signals, kind: string) =>
  signals.filter((signal) => signal.kind === kind).length;
const ended = (signals: Signals) => countOf(signals, 'disconnected');

function activeResources(): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const name of process.getActiveResourcesInfo()) counts[name] = (counts[name] ?? 0) + 1;
  // Timers of this test's own runner come and go.
  delete counts['Timeout'];
  delete counts['Immediate'];
  return counts;
}

async function ticketOf(port: number): Promise<Buffer> {
  const socket = connectTls({ host: '127.0.0.1', port, ca: authority.ca, ...oxi });
  const session = await new Promise<Buffer>((resolve) => socket.once('session', resolve));
  socket.destroy();
  return session;
}

type Ending = (port: number, session: Buffer) => Promise<Socket>;

/** Each opens a connection and brings it to another end. */
const endings: readonly Ending[] = [
  async (port) => (await openTcp(port)).destroy(),
  async (port) => (await openTcp(port)).resetAndDestroy(),
  async (port) => resetAtOnce(port),
  async (port) => {
    const socket = await openTcp(port);
    socket.write('GET / HTTP/1.1\r\n\r\n');
    return socket;
  },
  (port, session) => speak(port, session),
  (port, session) => speak(port, session, Buffer.from('not MQTT')),
  (port, session) => speak(port, session, connect({ clientId: 'vent-2' })),
  (port, session) => speak(port, session, connect(), packet(0xe0)),
  (port, session) =>
    speak(port, session, connect({ flags: 0 }), subscribe('devices/oxi-12/commands/#')),
  (port, session) =>
    speak(port, session, connect(), publish(observations('oxi-12'), 'x'), packet(0xf0)),
];

/** Says all of it in one breath and hangs up with or after the answer. */
function speak(port: number, session: Buffer, ...packets: readonly Buffer[]): Promise<Socket> {
  const socket = connectTls({ host: '127.0.0.1', port, ca: authority.ca, session, ...oxi });
  socket.on('error', () => {});
  socket.once('data', () => socket.end());
  socket.once('secureConnect', () => {
    if (packets.length > 0) socket.write(Buffer.concat(packets));
    else socket.destroy();
  });
  return Promise.resolve(socket);
}
