import { connect as connectTcp } from 'node:net';
import { expect, it } from 'vitest';
import { connect, packet, publish, subscribe } from '../../gateway/players/mqtt-packets.ts';
import { RawClient } from '../../gateway/players/raw-mqtt-client.ts';
import { startBroker } from '../support/mqtt-broker-under-test.ts';
import { TestAuthority } from '../support/mqtt-certificates.ts';

/** What the link says of connections that do as they may: detectors know ordinary days by it. */
const authority = await TestAuthority.create();
const certificate = await authority.device('oxi-12');
const pingreq = packet(0xc0);

it('tells connections, handshakes, subscriptions and pings', async () => {
  const { broker, intake } = await startBroker(authority);
  const client = await RawClient.connected(broker.port, authority.ca, certificate);
  const origin = { device: 'oxi-12', address: '127.0.0.1' };
  expect(await intake.untilSignal({ kind: 'knocks' })).toMatchObject({
    address: '127.0.0.1',
    count: 1,
  });
  expect(await intake.untilSignal({ kind: 'handshake' })).toMatchObject({
    ...origin,
    version: 'TLSv1.3',
    cipher: 'TLS_AES_256_GCM_SHA384',
    isResumed: false,
    certificate: expect.stringMatching(/^([0-9A-F]{2}:){31}[0-9A-F]{2}$/),
    algorithms: expect.stringMatching(/ecdsa/i),
  });
  expect(await intake.untilSignal({ kind: 'crowd', connections: 1 })).toBeDefined();
  await broker.publish('devices/oxi-12/commands/locate', Buffer.from('{}'));
  client.send(subscribe('devices/oxi-12/commands/#'));
  expect(await intake.untilSignal({ kind: 'subscribed' })).toMatchObject({
    ...origin,
    topic: 'devices/oxi-12/commands/#',
    filters: 1,
    reach: 1,
  });
  client.send(pingreq, pingreq);
  const pings = () =>
    intake.signals.reduce((sum, each) => sum + (each.kind === 'pinged' ? each.count : 0), 0);
  await intake.until(() => pings() >= 2);
  expect(pings()).toBe(2);
  client.socket.destroy();
});

it('leaves a live device its place when its certificate is used elsewhere', async () => {
  const { broker, intake } = await startBroker(authority);
  const owner = await RawClient.connected(broker.port, authority.ca, certificate);
  const topic = 'devices/oxi-12/observations';
  let said = 0;
  const timer = setInterval(() => owner.send(publish(topic, `{}`, { id: ++said })), 50);
  const elsewhere = { ...certificate, localAddress: '127.0.0.66' };
  const thief = await RawClient.open(broker.port, authority.ca, elsewhere);
  thief.send(connect());
  expect(await thief.next()).toEqual(Buffer.of(0x20, 2, 0, 5));
  await thief.closed;
  clearInterval(timer);
  expect(await intake.untilSignal({ kind: 'refused', cause: 'certificate-cloned' })).toMatchObject({
    device: 'oxi-12',
    address: '127.0.0.66',
  });
  expect(owner.socket.destroyed).toBe(false);
  expect(broker.connected).toBe(1);
  owner.socket.destroy();
});

it('says that a device took over from itself', async () => {
  const { broker, intake } = await startBroker(authority);
  await RawClient.connected(broker.port, authority.ca, certificate);
  const again = await RawClient.connected(broker.port, authority.ca, certificate);
  expect(await intake.untilSignal({ kind: 'taken-over' })).toMatchObject({
    device: 'oxi-12',
    isSameAddress: true,
    wasAlive: false,
  });
  again.socket.destroy();
});

it('tells when whoever lost its place to another of its certificate was there, and not when it was gone', async () => {
  const { broker, intake } = await startBroker(authority);
  const attended = await RawClient.connected(broker.port, authority.ca, certificate);
  const second = await RawClient.connected(broker.port, authority.ca, certificate);
  await attended.closed;
  const displaced = () => intake.signals.filter(({ kind }) => kind === 'displaced');
  expect(await intake.untilSignal({ kind: 'displaced' })).toMatchObject({
    device: 'oxi-12',
    address: '127.0.0.1',
  });
  // Nobody answers: as a device that was switched off.
  second.socket.allowHalfOpen = true;
  const third = await RawClient.connected(broker.port, authority.ca, certificate);
  third.socket.destroy();
  // The broker waits for its good-bye as long as for anybody’s.
  await broker.close();
  second.socket.destroy();
  expect(displaced()).toHaveLength(1);
});

it('counts who does not even begin a handshake, and says so as long as it lasts', async () => {
  const { broker, intake } = await startBroker(authority);
  const silent = connectTcp(broker.port, '127.0.0.1').on('error', () => undefined);
  const full = () =>
    intake.signals.filter((each) => each.kind === 'crowd' && each.waiting === 1).length;
  await intake.until(() => full() >= 3);
  silent.destroy();
  expect(await intake.untilSignal({ kind: 'crowd', connections: 0, waiting: 0 })).toBeDefined();
});
