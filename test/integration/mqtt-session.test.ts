import { beforeAll, describe, expect, it } from 'vitest';
import type { MqttBroker } from '../../gateway/links/mqtt-broker.ts';
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

let authority: TestAuthority;
let oxi: Certificate;
beforeAll(async () => {
  authority = await TestAuthority.create();
  oxi = await authority.device('oxi-12');
});

const commands = 'devices/oxi-12/commands';
const command = (name: string, text = name) =>
  publish(`${commands}/${name}`, text, { qos: 0 }).toString('hex');
const pingreq = packet(0xc0);
const pingresp = packet(0xd0).toString('hex');

/** All that comes until the answer to a ping, which comes last. */
async function heard(client: RawClient): Promise<string[]> {
  client.send(pingreq);
  const packets: string[] = [];
  for (;;) {
    const answer = (await client.next())?.toString('hex');
    if (answer === undefined || answer === pingresp) return packets;
    packets.push(answer);
  }
}

async function send(broker: MqttBroker, ...names: string[]): Promise<void> {
  for (const name of names) await broker.publish(`${commands}/${name}`, Buffer.from(name));
}

async function listening(broker: MqttBroker, ...filters: string[]): Promise<RawClient> {
  const client = await RawClient.connected(broker.port, authority.ca, oxi);
  client.send(subscribe(...filters));
  expect((await client.next())?.at(0)).toBe(0x90);
  return client;
}

describe('commands', () => {
  it('come once, however many filters of a device match them', async () => {
    const { broker } = await startBroker(authority);
    const filters = [`${commands}/#`, `${commands}/+`, `${commands}/set`, `${commands}/set/#`];
    const client = await listening(broker, ...filters);
    await send(broker, 'set');
    expect(await heard(client)).toEqual([command('set')]);
  });

  it('match a filter level by level', async () => {
    const { broker } = await startBroker(authority);
    const client = await listening(broker, `${commands}/+/now`, `${commands}/stop/#`);
    await send(broker, 'set', 'set/now', 'set/now/all', 'stop', 'stop/a/b', 'stopped');
    expect(await heard(client)).toEqual(['set/now', 'stop', 'stop/a/b'].map((n) => command(n)));
  });

  it('come no more after UNSUBSCRIBE, and the place of the filter is free', async () => {
    const { broker } = await startBroker(authority, { subscriptionsMax: 2 });
    const client = await listening(broker, `${commands}/a`, `${commands}/b`);
    client.send(unsubscribe(`${commands}/a`, `${commands}/never`));
    expect((await client.next())?.toString('hex')).toBe(packet(0xb0, uint16(1)).toString('hex'));
    await send(broker, 'a', 'b');
    expect(await heard(client)).toEqual([command('b')]);
    client.send(subscribe(`${commands}/c`));
    expect((await client.next())?.at(4)).toBe(1);
  });

  it('come once after the same filter is subscribed again', async () => {
    const { broker } = await startBroker(authority);
    const client = await listening(broker, `${commands}/#`);
    client.send(subscribe(`${commands}/#`));
    await client.next();
    await send(broker, 'set');
    expect(await heard(client)).toEqual([command('set')]);
  });

  it('do not wait for a device that is away', async () => {
    const { broker, intake } = await startBroker(authority);
    const before = await RawClient.connected(broker.port, authority.ca, oxi, { flags: 0 });
    before.send(subscribe(`${commands}/#`));
    await before.next();
    before.send(packet(0xe0));
    await intake.untilSignal({ kind: 'disconnected' });
    await send(broker, 'late');
    const after = await RawClient.open(broker.port, authority.ca, oxi);
    after.send(connect({ flags: 0 }));
    // Session present (MQTT-3.2.2-2).
    expect((await after.next())?.toString('hex')).toBe('20020100');
    expect(await heard(after)).toEqual([]);
    await send(broker, 'now');
    expect(await heard(after)).toEqual([command('now')]);
  });

  it('need a new SUBSCRIBE in a clean session', async () => {
    const { broker } = await startBroker(authority);
    const stays = { flags: 0 };
    const before = await RawClient.connected(broker.port, authority.ca, oxi, stays);
    before.send(subscribe(`${commands}/#`));
    await before.next();
    for (const flags of [0x02, 0]) {
      const after = await RawClient.open(broker.port, authority.ca, oxi);
      after.send(connect({ flags }));
      expect((await after.next())?.toString('hex')).toBe('20020000');
      await send(broker, 'set');
      expect(await heard(after)).toEqual([]);
    }
  });

  it('end a device that does not read them, and no other', async () => {
    const { broker, intake } = await startBroker(authority, { outputBytesMax: 100_000 });
    const slow = await listening(broker, `${commands}/#`);
    slow.socket.pause();
    const vent = await authority.device('vent-2');
    const good = await RawClient.connected(broker.port, authority.ca, vent, { clientId: 'vent-2' });
    const payload = Buffer.alloc(60_000, 'x');
    // What the two sockets hold is many of these.
    for (let count = 0; count < 1_000 && broker.connected === 2; count++) {
      await broker.publish(`${commands}/set`, payload);
      await new Promise((turn) => setImmediate(turn));
    }
    await intake.untilSignal({ kind: 'limit', limit: 'output-bytes', device: 'oxi-12' });
    slow.socket.destroy();
    expect(await heard(good)).toEqual([]);
    expect(broker.connected).toBe(1);
  });
});

describe('keep-alive', () => {
  it('ends a silent device after one and a half times its promise, not before', async () => {
    const { broker, intake } = await startBroker(authority);
    const client = await RawClient.connected(broker.port, authority.ca, oxi, {
      keepAliveSeconds: 1,
    });
    client.send(pingreq);
    await client.next();
    const since = performance.now();
    await client.closed;
    // The broker read the ping a little before its answer was here.
    expect(performance.now() - since).toBeGreaterThan(1_400);
    await intake.untilSignal({ kind: 'disconnected', cause: 'keep-alive' });
  });

  it.each([0, 65_535])('%i s does not let a silent device stay for ever', async (seconds) => {
    const { broker, intake } = await startBroker(authority, { silenceMs: 100 });
    const client = await RawClient.connected(broker.port, authority.ca, oxi, {
      keepAliveSeconds: seconds,
    });
    await client.closed;
    await intake.untilSignal({ kind: 'disconnected', cause: 'keep-alive' });
  });

  it('counts whole packets: half a packet is silence', async () => {
    const { broker, intake } = await startBroker(authority, { silenceMs: 100 });
    const client = await RawClient.connected(broker.port, authority.ca, oxi);
    const drip = setInterval(() => client.send(Buffer.of(0)), 10);
    client.send(
      packet(0x32, field('devices/oxi-12/observations'), Buffer.alloc(9_000)).subarray(0, 99),
    );
    await client.closed;
    clearInterval(drip);
    await intake.untilSignal({ kind: 'disconnected', cause: 'keep-alive' });
  });

  it('lets a device with a new certificate in once the old one is silent', async () => {
    const { broker, intake, lines } = await startBroker(authority, { silenceMs: 300 });
    await RawClient.connected(broker.port, authority.ca, oxi);
    const renewed = await authority.device('oxi-12');
    const early = await RawClient.open(broker.port, authority.ca, renewed);
    early.send(connect());
    expect((await early.next())?.at(3)).toBe(5);
    // Told apart from every other refusal.
    expect(lines.filter(({ event }) => event === 'device.refused')).toEqual([
      {
        event: 'device.refused',
        fields: { device: 'oxi-12', address: '127.0.0.1', cause: 'client-id-taken' },
      },
    ]);
    await intake.untilSignal({ kind: 'disconnected', cause: 'keep-alive' });
    await RawClient.connected(broker.port, authority.ca, renewed);
  });
});

describe('packet ids', () => {
  const observations = 'devices/oxi-12/observations';

  it('of QoS 1 and of QoS 2 are answered each for itself', async () => {
    const { broker, intake } = await startBroker(authority);
    const client = await RawClient.connected(broker.port, authority.ca, oxi);
    client.send(
      publish(observations, 'one', { qos: 1, id: 7 }),
      publish(observations, 'two', { qos: 2, id: 7 }),
      publish(observations, 'one', { qos: 1, id: 7, flags: 8 }),
    );
    const first = [await client.next(), await client.next(), await client.next()];
    expect(first.map((answer) => answer?.at(0))).toEqual([0x40, 0x50, 0x40]);
    // At least once is at least once: what comes twice is told apart later, by what it says.
    expect(intake.texts).toEqual(['one', 'two', 'one']);
    client.send(packet(0x62, uint16(7)));
    expect((await client.next())?.at(0)).toBe(0x70);
  });

  it('of answers to nothing are let pass', async () => {
    const { broker } = await startBroker(authority);
    const client = await RawClient.connected(broker.port, authority.ca, oxi);
    client.send(packet(0x40, uint16(9)), packet(0x70, uint16(9)));
    expect(await heard(client)).toEqual([]);
    client.send(packet(0x50, uint16(9)));
    expect(await heard(client)).toEqual([packet(0x62, uint16(9)).toString('hex')]);
  });
});
