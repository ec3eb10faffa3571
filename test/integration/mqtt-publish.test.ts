import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { connectAsync } from 'mqtt';
import { beforeAll, describe, expect, it } from 'vitest';
import { connect, field, packet, publish, uint16 } from '../../gateway/players/mqtt-packets.ts';
import { RawClient } from '../../gateway/players/raw-mqtt-client.ts';
import { startBroker } from '../support/mqtt-broker-under-test.ts';
import { type Certificate, TestAuthority, withFiles } from '../support/mqtt-certificates.ts';

let authority: TestAuthority;
let oxi: Certificate;
beforeAll(async () => {
  authority = await TestAuthority.create();
  oxi = await authority.device('oxi-12');
});

const observations = 'devices/oxi-12/observations';
const puback = (id: number) => packet(0x40, uint16(id)).toString('hex');
const pubrec = (id: number) => packet(0x50, uint16(id)).toString('hex');
const pubcomp = (id: number) => packet(0x70, uint16(id)).toString('hex');
const pingresp = packet(0xd0).toString('hex');

async function answers(client: RawClient, count: number): Promise<(string | undefined)[]> {
  const seen: (string | undefined)[] = [];
  while (seen.length < count) seen.push((await client.next())?.toString('hex'));
  return seen;
}

describe('a real client', () => {
  it('acknowledges the mqtt package after the intake kept its publish', async () => {
    const { broker, intake } = await startBroker(authority);
    intake.isEager = false;
    const client = await connectAsync({
      host: 'localhost',
      port: broker.port,
      protocol: 'mqtts',
      ca: authority.ca,
      ...oxi,
      clientId: 'oxi-12',
      protocolVersion: 4,
      reconnectPeriod: 0,
    });
    let isAcknowledged = false;
    const done = client.publishAsync(observations, '{"seq":1}', { qos: 1 }).then(() => {
      isAcknowledged = true;
    });
    await intake.until(({ offered }) => offered.length === 1);
    expect(isAcknowledged).toBe(false);
    intake.keep();
    await done;
    expect(intake.offered).toMatchObject([{ device: 'oxi-12', channel: 'observations' }]);
    expect(intake.texts).toEqual(['{"seq":1}']);
    await client.endAsync();
    await intake.untilSignal({ kind: 'disconnected', cause: 'disconnect' });
  });

  it.each([
    ['1', 'observations'],
    ['2', 'alerts'],
    ['0', 'waveforms'],
  ])('takes what mosquitto_pub sends with QoS %s to %s', async (qos, channel) => {
    const { broker, intake } = await startBroker(authority);
    await withFiles({ ca: authority.ca, ...oxi }, (path) =>
      promisify(execFile)('mosquitto_pub', [
        ...['-h', '127.0.0.1', '-p', `${broker.port}`, '-V', 'mqttv311', '-i', 'oxi-12'],
        ...['--cafile', path('ca'), '--cert', path('cert'), '--key', path('key')],
        ...['-t', `devices/oxi-12/${channel}`, '-q', qos, '-m', '{"seq":1}'],
      ]),
    );
    await intake.until(({ offered }) => offered.length === 1);
    expect(intake.offered).toMatchObject([{ device: 'oxi-12', channel }]);
    expect(intake.texts).toEqual(['{"seq":1}']);
  });
});

describe('an acknowledgement', () => {
  it('waits for the commit, a thousand times over and in order', async () => {
    const { broker, intake } = await startBroker(authority);
    intake.isEager = false;
    const client = await RawClient.connected(broker.port, authority.ca, oxi);
    const ids = Array.from({ length: 1_000 }, (_, index) => index + 1);
    client.send(...ids.map((id) => publish(observations, `${id}`, { id })));
    await intake.until(({ offered }) => offered.length === ids.length);
    // The answer to a ping overtakes every PUBACK that is not due yet.
    client.send(packet(0xc0));
    expect(await answers(client, 1)).toEqual([pingresp]);
    intake.keep(400);
    expect(await answers(client, 400)).toEqual(ids.slice(0, 400).map(puback));
    client.send(packet(0xc0));
    expect(await answers(client, 1)).toEqual([pingresp]);
    intake.keep();
    expect(await answers(client, 600)).toEqual(ids.slice(400).map(puback));
    expect(intake.texts).toEqual(ids.map(String));
  });

  it('keeps the order of the publishes even when commits do not', async () => {
    const { broker, intake } = await startBroker(authority);
    intake.isEager = false;
    const client = await RawClient.connected(broker.port, authority.ca, oxi);
    client.send(...[7, 5, 9].map((id) => publish(observations, 'x', { id })));
    await intake.until(({ offered }) => offered.length === 3);
    intake.keep(3, 'newest');
    expect(await answers(client, 3)).toEqual([7, 5, 9].map(puback));
  });

  it('is never sent for what could not be kept', async () => {
    const { broker, intake, lines } = await startBroker(authority);
    intake.isEager = false;
    const client = await RawClient.connected(broker.port, authority.ca, oxi);
    client.send(publish(observations, 'x'));
    await intake.until(({ offered }) => offered.length === 1);
    intake.lose();
    expect(await client.next()).toBeUndefined();
    expect(lines.map(({ event }) => event)).toContain('intake.refused');
  });

  it('stops the reading when too much waits for the commit, and loses nothing', async () => {
    const { broker, intake } = await startBroker(authority, { inflightMax: 10 });
    intake.isEager = false;
    const client = await RawClient.connected(broker.port, authority.ca, oxi);
    const ids = Array.from({ length: 100 }, (_, index) => index + 1);
    client.send(...ids.map((id) => publish(observations, `${id}`, { id })));
    for (let first = 0; first < 100; first += 10) {
      await intake.until(({ offered }) => offered.length === first + 10);
      intake.keep();
      expect(await answers(client, 10)).toEqual(ids.slice(first, first + 10).map(puback));
    }
    expect(intake.texts).toEqual(ids.map(String));
  });

  it('waits while the intake is overloaded, and goes on when it has room', async () => {
    const { broker, intake } = await startBroker(authority, { sweepMs: 60_000 });
    const client = await RawClient.connected(broker.port, authority.ca, oxi);
    intake.isOverloaded = true;
    client.send(publish(observations, '1', { id: 1 }), publish(observations, '2', { id: 2 }));
    expect(await answers(client, 1)).toEqual([puback(1)]);
    // The rest of what has arrived waits too.
    expect(intake.texts).toEqual(['1']);
    intake.isOverloaded = false;
    intake.drained();
    expect(await answers(client, 1)).toEqual([puback(2)]);
  });

  it('goes on after an overload even if nobody says it is over', async () => {
    const { broker, intake } = await startBroker(authority);
    const client = await RawClient.connected(broker.port, authority.ca, oxi);
    intake.isOverloaded = true;
    client.send(publish(observations, '1', { id: 1 }), publish(observations, '2', { id: 2 }));
    expect(await answers(client, 1)).toEqual([puback(1)]);
    intake.isOverloaded = false;
    expect(await answers(client, 1)).toEqual([puback(2)]);
  });
});

describe('QoS 2', () => {
  const twice = (id: number, flags = 0) => publish(observations, 'x', { qos: 2, id, flags });

  it('is offered once, however often it is sent', async () => {
    const { broker, intake } = await startBroker(authority);
    const client = await RawClient.connected(broker.port, authority.ca, oxi);
    client.send(twice(3), twice(3, 8));
    expect(await answers(client, 2)).toEqual([pubrec(3), pubrec(3)]);
    expect(intake.offered).toHaveLength(1);
    client.send(packet(0x62, uint16(3)), twice(3));
    expect(await answers(client, 2)).toEqual([pubcomp(3), pubrec(3)]);
    expect(intake.offered).toHaveLength(2);
  });

  it('is not released by a client that was not told it is kept', async () => {
    const { broker, intake } = await startBroker(authority);
    intake.isEager = false;
    const client = await RawClient.connected(broker.port, authority.ca, oxi);
    client.send(twice(3), packet(0x62, uint16(3)));
    expect(await client.next()).toBeUndefined();
    await intake.untilSignal({ kind: 'protocol-violation', cause: 'MQTT-4.3.3-1' });
  });

  it('is offered once over a reconnect of a session that stays', async () => {
    const { broker, intake } = await startBroker(authority);
    const before = await RawClient.connected(broker.port, authority.ca, oxi, { flags: 0 });
    before.send(twice(3));
    expect(await answers(before, 1)).toEqual([pubrec(3)]);
    before.socket.destroy();
    const after = await RawClient.connected(broker.port, authority.ca, oxi, { flags: 0 });
    after.send(twice(3, 8), packet(0x62, uint16(3)));
    expect(await answers(after, 2)).toEqual([pubrec(3), pubcomp(3)]);
    expect(intake.offered).toHaveLength(1);
  });

  it('is offered once over a reconnect while its commit is under way', async () => {
    const { broker, intake } = await startBroker(authority);
    intake.isEager = false;
    const before = await RawClient.connected(broker.port, authority.ca, oxi, { flags: 0 });
    before.send(twice(3));
    await intake.until(({ offered }) => offered.length === 1);
    before.socket.destroy();
    const after = await RawClient.connected(broker.port, authority.ca, oxi, { flags: 0 });
    after.send(twice(3, 8), packet(0xc0));
    expect(await answers(after, 1)).toEqual([pingresp]);
    expect(intake.offered).toHaveLength(1);
    intake.keep();
    expect(await answers(after, 1)).toEqual([pubrec(3)]);
    after.send(packet(0x62, uint16(3)));
    expect(await answers(after, 1)).toEqual([pubcomp(3)]);
  });

  it('is offered again when it could not be kept the first time', async () => {
    const { broker, intake } = await startBroker(authority);
    intake.isEager = false;
    const before = await RawClient.connected(broker.port, authority.ca, oxi, { flags: 0 });
    before.send(twice(3));
    await intake.until(({ offered }) => offered.length === 1);
    intake.lose();
    expect(await before.next()).toBeUndefined();
    intake.isEager = true;
    const after = await RawClient.connected(broker.port, authority.ca, oxi, { flags: 0 });
    after.send(twice(3, 8));
    expect(await answers(after, 1)).toEqual([pubrec(3)]);
    expect(intake.offered).toHaveLength(2);
  });

  it('is bounded: half-open deliveries end the connection', async () => {
    const { broker, intake } = await startBroker(authority, { exactlyOnceMax: 4 });
    const client = await RawClient.connected(broker.port, authority.ca, oxi);
    client.send(...[1, 2, 3, 4, 5].map((id) => twice(id)));
    await client.closed;
    await intake.untilSignal({ kind: 'limit', limit: 'exactly-once' });
    expect(intake.offered).toHaveLength(4);
  });

  it('answers a PUBREL of nothing, so that a client can end it', async () => {
    const { broker } = await startBroker(authority);
    const client = await RawClient.connected(broker.port, authority.ca, oxi);
    client.send(packet(0x62, uint16(9)));
    expect(await answers(client, 1)).toEqual([pubcomp(9)]);
  });
});

describe('a publish that is refused', () => {
  it.each<[string, Buffer, Record<string, string>]>([
    [
      'to a topic of another device',
      publish('devices/vent-2/observations', 'x'),
      { kind: 'topic-refused', action: 'publish', topic: 'devices/vent-2/observations' },
    ],
    ['to its own commands', publish('devices/oxi-12/commands', 'x'), { kind: 'topic-refused' }],
    [
      'of a retained command',
      publish('devices/oxi-12/commands/stop', 'x', { flags: 1 }),
      { kind: 'topic-refused' },
    ],
    ['to $SYS', publish('$SYS/broker/uptime', 'x'), { kind: 'topic-refused' }],
    ['to what is released', publish('released/_x/observations', 'x'), { kind: 'topic-refused' }],
    ['of a value with QoS 0', publish(observations, 'x', { qos: 0 }), { limit: 'qos-0' }],
    [
      'of too long a payload',
      publish(observations, 'x'.repeat(65_537)),
      { limit: 'payload-bytes' },
    ],
    ['of packet id 0', publish(observations, 'x', { id: 0 }), { cause: 'MQTT-2.3.1-1' }],
    ['with U+0000', publish('devices/oxi-12/\0', 'x'), { cause: 'MQTT-1.5.3-2' }],
    ['of QoS 3', packet(0x36, field(observations), uint16(1)), { cause: 'MQTT-3.3.1-4' }],
  ])('%s: is not offered, is reported, and ends the connection', async (_name, bytes, signal) => {
    const { broker, intake } = await startBroker(authority);
    const client = await RawClient.connected(broker.port, authority.ca, oxi);
    client.send(bytes);
    expect(await client.next()).toBeUndefined();
    await intake.untilSignal({ ...signal, device: 'oxi-12', address: '127.0.0.1' });
    await intake.untilSignal({ kind: 'disconnected', device: 'oxi-12' });
    expect(intake.offered).toEqual([]);
  });

  it('disturbs nobody else', async () => {
    const { broker, intake } = await startBroker(authority);
    const good = await RawClient.connected(
      broker.port,
      authority.ca,
      await authority.device('vent-2'),
      { clientId: 'vent-2' },
    );
    const bad = await RawClient.connected(broker.port, authority.ca, oxi);
    bad.send(publish('devices/vent-2/observations', 'x'));
    await bad.closed;
    good.send(publish('devices/vent-2/observations', '{"seq":1}', { id: 4 }));
    expect(await answers(good, 1)).toEqual([puback(4)]);
    expect(intake.offered).toMatchObject([{ device: 'vent-2' }]);
  });

  it('ignores the retain flag of a value: nobody subscribes to it', async () => {
    const { broker, intake } = await startBroker(authority);
    const client = await RawClient.connected(broker.port, authority.ca, oxi);
    client.send(publish(observations, 'x', { flags: 1 }));
    expect(await answers(client, 1)).toEqual([puback(1)]);
    expect(intake.offered).toHaveLength(1);
  });
});

it('reads packets however TCP cuts them', async () => {
  const { broker, intake } = await startBroker(authority);
  const client = await RawClient.open(broker.port, authority.ca, oxi);
  client.socket.setNoDelay(true);
  const stream = Buffer.concat([connect(), publish(observations, 'slow'), packet(0xc0)]);
  for (const byte of stream)
    await new Promise((sent) => client.socket.write(Buffer.of(byte), sent));
  expect((await client.next())?.at(0)).toBe(0x20);
  expect((await answers(client, 2)).sort()).toEqual([puback(1), pingresp].sort());
  expect(intake.texts).toEqual(['slow']);
});

it('reads what came in the same breath as CONNECT only after the yes', async () => {
  const { broker, intake, registered } = await startBroker(authority);
  const eager = await RawClient.open(broker.port, authority.ca, oxi);
  eager.send(connect(), publish(observations, 'at once'));
  expect((await eager.next())?.toString('hex')).toBe('20020000');
  expect(await answers(eager, 1)).toEqual([puback(1)]);
  registered.delete('oxi-12');
  const stranger = await RawClient.open(broker.port, authority.ca, oxi);
  stranger.send(connect(), publish(observations, 'smuggled'));
  expect((await stranger.next())?.toString('hex')).toBe('20020005');
  await stranger.closed;
  expect(intake.texts).toEqual(['at once']);
});
