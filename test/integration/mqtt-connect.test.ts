import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { connect as connectTls, type TLSSocket } from 'node:tls';
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
import { type Certificate, TestAuthority, withFiles } from '../support/mqtt-certificates.ts';

let authority: TestAuthority;
let oxi: Certificate;
beforeAll(async () => {
  authority = await TestAuthority.create();
  oxi = await authority.device('oxi-12');
});

const connack = (code: number) => packet(0x20, 0, code).toString('hex');
const uri = (id: string) => `subjectAltName=URI:urn:wardgate:device:${id}`;
const forClients = 'extendedKeyUsage=clientAuth';

describe('without a good certificate there is no CONNACK', () => {
  it.each<[string, string, () => Certificate | undefined | Promise<Certificate>]>([
    ['none', 'certificate-missing', () => undefined],
    [
      'one of another authority',
      'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
      async () => (await TestAuthority.create()).device('oxi-12'),
    ],
    [
      'one that has expired',
      'CERT_HAS_EXPIRED',
      async () => (await withOldAuthority()).device('oxi-12', 500),
    ],
    ['one of a server', 'INVALID_PURPOSE', () => authority.server()],
    [
      'one for code',
      'INVALID_PURPOSE',
      () => authority.anything('oxi-12', uri('oxi-12'), 'extendedKeyUsage=codeSigning'),
    ],
  ])('%s (%s)', async (_name, cause, certificate) => {
    // The old authority issued in its own time; today it is still trusted.
    const trusted = cause === 'CERT_HAS_EXPIRED' ? await withOldAuthority() : authority;
    const { broker, intake } = await startBroker(trusted);
    for (const maxVersion of ['TLSv1.2', 'TLSv1.3'] as const) {
      const socket = connectTls({
        ...(await certificate()),
        host: '127.0.0.1',
        port: broker.port,
        ca: trusted.ca,
        maxVersion,
      });
      socket.on('error', () => {});
      socket.write(connect());
      // With TLS 1.3 the client's handshake succeeds before the refusal: only data tells.
      let heard = 0;
      socket.on('data', (chunk) => {
        heard += chunk.length;
      });
      await closeOf(socket);
      expect(heard).toBe(0);
    }
    const seen = await intake.untilSignal({ kind: 'refused', cause });
    expect(seen).toMatchObject({ address: '127.0.0.1' });
    expect(seen.device).toBeUndefined();
  });

  it('for openssl s_client either', async () => {
    const { broker, intake } = await startBroker(authority);
    const output = await withFiles({ ca: authority.ca }, async (path) => {
      const child = execFile('openssl', [
        ...['s_client', '-connect', `127.0.0.1:${broker.port}`, '-CAfile', path('ca')],
        ...['-quiet', '-verify_return_error'],
      ]);
      const heard: Buffer[] = [];
      child.stdout?.on('data', (chunk) => heard.push(Buffer.from(chunk)));
      child.stdin?.on('error', () => {});
      child.stdin?.write(connect());
      await once(child, 'close');
      return Buffer.concat(heard);
    });
    expect(output.toString('hex')).toBe('');
    await intake.untilSignal({ kind: 'refused' });
  });
});

let old: Promise<TestAuthority> | undefined;
function withOldAuthority(): Promise<TestAuthority> {
  old ??= TestAuthority.create(600);
  return old;
}

/** Whatever error it ends with. */
function closeOf(socket: TLSSocket): Promise<void> {
  return new Promise((resolve) => socket.once('close', () => resolve()));
}

describe('TLS', () => {
  it.each(['AES256-SHA256', 'ECDHE-ECDSA-AES128-SHA256', 'DHE-RSA-AES128-GCM-SHA256'])(
    'is not spoken with %s',
    async (ciphers) => {
      const { broker } = await startBroker(authority);
      const socket = connectTls({
        ...{ host: '127.0.0.1', port: broker.port, ca: authority.ca, ...oxi },
        ...{ maxVersion: 'TLSv1.2', ciphers: `${ciphers}:@SECLEVEL=0` },
      });
      const [error] = await once(socket, 'error');
      expect(error.code).toMatch(/HANDSHAKE_FAILURE|NO_CIPHERS|NO_SHARED/);
    },
  );

  it('is spoken in version 1.2 and 1.3, not below', async () => {
    const { broker } = await startBroker(authority);
    for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
      const socket = connectTls({
        ...{ host: '127.0.0.1', port: broker.port, ca: authority.ca, ...oxi },
        ...{ minVersion: version, maxVersion: version },
      });
      await once(socket, 'secureConnect');
      expect(socket.getProtocol()).toBe(version);
      socket.destroy();
    }
    const socket = connectTls({
      ...{ host: '127.0.0.1', port: broker.port, ca: authority.ca, ...oxi },
      ...{ minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT:@SECLEVEL=0' },
    });
    const [error] = await once(socket, 'error');
    expect(error.code).toMatch(/PROTOCOL_VERSION|UNSUPPORTED_PROTOCOL|NO_PROTOCOLS/);
  });

  it('resumes a session, and asks again who it is', async () => {
    const { broker, registered } = await startBroker(authority);
    const first = connectTls({ host: '127.0.0.1', port: broker.port, ca: authority.ca, ...oxi });
    const [session] = await once(first, 'session');
    first.destroy();
    const resume = async () => {
      const options = { host: '127.0.0.1', port: broker.port, ca: authority.ca, session, ...oxi };
      const socket = connectTls(options);
      socket.write(connect());
      const [answer] = await once(socket, 'data');
      const isResumed = socket.isSessionReused();
      socket.destroy();
      return { isResumed, answer: answer.toString('hex') };
    };
    expect(await resume()).toEqual({ isResumed: true, answer: connack(0) });
    registered.delete('oxi-12');
    expect(await resume()).toEqual({ isResumed: true, answer: connack(5) });
  });

  it('takes new certificates without ending a connection, and resumes no old session', async () => {
    const { broker } = await startBroker(authority);
    const before = connectTls({ host: '127.0.0.1', port: broker.port, ca: authority.ca, ...oxi });
    const [session] = await once(before, 'session');
    const connected = await RawClient.connected(broker.port, authority.ca, oxi);
    broker.renew({ ...(await authority.server()), ca: [authority.ca] });
    const after = connectTls({
      ...{ host: '127.0.0.1', port: broker.port, ca: authority.ca, session, ...oxi },
    });
    await once(after, 'secureConnect');
    expect(after.isSessionReused()).toBe(false);
    connected.send(packet(0xc0));
    expect((await connected.next())?.at(0)).toBe(0xd0);
    for (const socket of [before, after]) socket.destroy();
  });
});

describe('a CONNECT that is answered no', () => {
  const will = (topic: string, flags = 0x06) =>
    connect({ flags, more: [field(topic), field('gone')] });

  it.each<[string, number, Record<string, string>, Buffer]>([
    [
      'client id of another',
      2,
      { kind: 'refused', cause: 'client-id' },
      connect({ clientId: 'vent-2' }),
    ],
    ['no client id', 2, { kind: 'refused', cause: 'client-id' }, connect({ clientId: '' })],
    [
      'no client id for a session that stays',
      2,
      { kind: 'protocol-violation', cause: 'MQTT-3.1.3-8' },
      connect({ clientId: '', flags: 0 }),
    ],
    ['MQTT 5', 1, { kind: 'protocol-violation', cause: 'MQTT-3.1.2-2' }, connect({ level: 5 })],
    ['MQTT 3.1', 1, { cause: 'MQTT-3.1.2-2' }, connect({ name: 'MQIsdp', level: 3 })],
    [
      'a will on a foreign topic',
      5,
      { kind: 'topic-refused', topic: 'devices/vent-2/status' },
      will('devices/vent-2/status'),
    ],
    [
      'a will that looks like a value',
      5,
      { kind: 'topic-refused' },
      will('devices/oxi-12/observations'),
    ],
    [
      'a will of QoS 2',
      5,
      { kind: 'refused', cause: 'will-qos' },
      will('devices/oxi-12/status', 0x16),
    ],
  ])('%s: %i', async (_name, code, signal, bytes) => {
    const { broker, intake } = await startBroker(authority);
    const client = await RawClient.open(broker.port, authority.ca, oxi);
    client.send(bytes);
    expect((await client.next())?.toString('hex')).toBe(connack(code));
    await client.closed;
    await intake.untilSignal({ ...signal, device: 'oxi-12' });
    expect(broker.connected).toBe(0);
    expect(intake.signals.map(({ kind }) => kind)).not.toContain('connected');
  });

  it.each<[string, string, readonly string[]]>([
    ['certificate-name', '+', [uri('+'), forClients]],
    ['certificate-name', '#', [uri('oxi-12'), forClients]],
    ['certificate-uri', 'oxi-12', [uri('vent-2'), forClients]],
    ['certificate-uri', 'oxi-12', [forClients]],
    ['certificate-uri', 'oxi-12', [`${uri('oxi-12')},URI:urn:wardgate:device:vent-2`, forClients]],
    ['certificate-uri', 'oxi-12', ['subjectAltName=DNS:urn.wardgate.device.oxi-12', forClients]],
  ])('%s of CN %s', async (cause, commonName, extensions) => {
    const { broker, intake } = await startBroker(authority);
    const odd = authority.anything(commonName, ...extensions);
    const client = await RawClient.open(broker.port, authority.ca, odd);
    client.send(connect({ clientId: commonName }));
    expect((await client.next())?.toString('hex')).toBe(connack(5));
    await intake.untilSignal({ kind: 'refused', cause });
  });

  it('a device that is not registered', async () => {
    const { broker, intake } = await startBroker(authority);
    const stranger = await authority.device('pump-9');
    const client = await RawClient.open(broker.port, authority.ca, stranger);
    client.send(connect({ clientId: 'pump-9' }));
    expect((await client.next())?.toString('hex')).toBe(connack(5));
    await intake.untilSignal({ kind: 'refused', cause: 'not-registered', device: 'pump-9' });
  });
});

describe('one client id', () => {
  it('passes to the same certificate on a second connection', async () => {
    const { broker, intake } = await startBroker(authority);
    const first = await RawClient.connected(broker.port, authority.ca, oxi);
    const second = await RawClient.connected(broker.port, authority.ca, oxi);
    expect(await first.next()).toBeUndefined();
    await intake.untilSignal({ kind: 'disconnected', cause: 'taken-over' });
    second.send(publish('devices/oxi-12/observations', 'x'));
    expect((await second.next())?.at(0)).toBe(0x40);
    expect(broker.connected).toBe(1);
  });

  it('stays with who has it when another certificate of the same name comes', async () => {
    const { broker, intake } = await startBroker(authority);
    const first = await RawClient.connected(broker.port, authority.ca, oxi);
    const clone = await RawClient.open(broker.port, authority.ca, await authority.device('oxi-12'));
    clone.send(connect());
    expect((await clone.next())?.toString('hex')).toBe(connack(5));
    await intake.untilSignal({ kind: 'refused', cause: 'client-id-taken', device: 'oxi-12' });
    first.send(packet(0xc0));
    expect((await first.next())?.at(0)).toBe(0xd0);
  });

  it('is free for a new certificate once the old connection is gone', async () => {
    const { broker, intake } = await startBroker(authority);
    const first = await RawClient.connected(broker.port, authority.ca, oxi);
    first.send(packet(0xe0));
    await intake.untilSignal({ kind: 'disconnected', cause: 'disconnect' });
    await RawClient.connected(broker.port, authority.ca, await authority.device('oxi-12'));
    expect(broker.connected).toBe(1);
  });

  it('has one holder however many come at once', async () => {
    const { broker } = await startBroker(authority);
    const clients = await Promise.all(
      Array.from({ length: 20 }, () => RawClient.open(broker.port, authority.ca, oxi)),
    );
    for (const [index, client] of clients.entries())
      client.send(
        connect({ flags: index % 2 === 0 ? 0x02 : 0 }),
        subscribe('devices/oxi-12/commands/#'),
      );
    await new Promise<void>((resolve) => {
      let ended = 0;
      const count = () => {
        ended += 1;
        if (ended === clients.length - 1) resolve();
      };
      for (const { closed } of clients) closed.then(count);
    });
    const [alive] = clients.filter(({ socket }) => !socket.closed);
    alive?.send(packet(0xc0));
    let answer = await alive?.next();
    while (answer !== undefined && answer[0] !== 0xd0) answer = await alive?.next();
    expect(answer?.at(0)).toBe(0xd0);
    expect(broker.connected).toBe(1);
  });

  it('can be ended from inside', async () => {
    const { broker, intake } = await startBroker(authority);
    const client = await RawClient.connected(broker.port, authority.ca, oxi);
    const { device } = await intake.untilSignal({ kind: 'connected' });
    if (device !== undefined) broker.disconnect(device, 'revoked');
    await client.closed;
    await intake.untilSignal({ kind: 'disconnected', cause: 'revoked' });
  });
});

describe('a will', () => {
  const willing = { flags: 0x0e, more: [field('devices/oxi-12/status'), field('gone')] };

  it('is offered when the device is lost', async () => {
    const { broker, intake } = await startBroker(authority);
    const client = await RawClient.connected(broker.port, authority.ca, oxi, willing);
    client.socket.destroy();
    await intake.until(({ offered }) => offered.length === 1);
    expect(intake.offered).toMatchObject([{ device: 'oxi-12', channel: 'status' }]);
    expect(intake.texts).toEqual(['gone']);
  });

  it('is offered when the device is silent for longer than it promised', async () => {
    const { broker, intake } = await startBroker(authority, { silenceMs: 100 });
    await RawClient.connected(broker.port, authority.ca, oxi, { ...willing, keepAliveSeconds: 0 });
    await intake.untilSignal({ kind: 'disconnected', cause: 'keep-alive' });
    expect(intake.texts).toEqual(['gone']);
  });

  it('is forgotten when the device says goodbye', async () => {
    const { broker, intake } = await startBroker(authority);
    const client = await RawClient.connected(broker.port, authority.ca, oxi, willing);
    client.send(packet(0xe0));
    await client.closed;
    await intake.untilSignal({ kind: 'disconnected', cause: 'disconnect' });
    expect(intake.offered).toEqual([]);
  });
});

describe('what a device may hear', () => {
  const filter = (...filters: string[]) => subscribe(...filters);

  it('is its own commands, and nothing else', async () => {
    const { broker, intake } = await startBroker(authority);
    const client = await RawClient.connected(broker.port, authority.ca, oxi);
    client.send(
      filter(
        'devices/oxi-12/commands/#',
        '#',
        '+/oxi-12/commands',
        'devices/+/commands/#',
        '$SYS/#',
      ),
    );
    expect((await client.next())?.toString('hex')).toBe(
      packet(0x90, uint16(1), 1, 0x80, 0x80, 0x80, 0x80).toString('hex'),
    );
    for (const topic of ['#', '$SYS/#'])
      await intake.untilSignal({ kind: 'topic-refused', action: 'subscribe', topic });
    await broker.publish('devices/vent-2/commands/stop', Buffer.from('not yours'));
    await broker.publish('released/_x/observations', Buffer.from('not yours'));
    await broker.publish('devices/oxi-12/commands/set', Buffer.from('yours'));
    expect((await client.next())?.toString('latin1')).toContain('yours');
  });

  it('is never what another device publishes', async () => {
    const { broker } = await startBroker(authority);
    const vent = await authority.device('vent-2');
    const spy = await RawClient.connected(broker.port, authority.ca, vent, { clientId: 'vent-2' });
    spy.send(filter('devices/vent-2/commands/#', '#'));
    await spy.next();
    const client = await RawClient.connected(broker.port, authority.ca, oxi);
    client.send(publish('devices/oxi-12/observations', 'private'));
    await client.next();
    spy.send(packet(0xc0));
    expect((await spy.next())?.at(0)).toBe(0xd0);
  });

  it('does not grow beyond its limit of filters', async () => {
    const { broker, intake } = await startBroker(authority, { subscriptionsMax: 2 });
    const client = await RawClient.connected(broker.port, authority.ca, oxi, { flags: 0 });
    const own = ['a', 'b', 'c'].map((name) => `devices/oxi-12/commands/${name}`);
    client.send(filter(...own));
    expect((await client.next())?.toString('hex')).toBe(
      packet(0x90, uint16(1), 1, 1, 0x80).toString('hex'),
    );
    await intake.untilSignal({ kind: 'limit', limit: 'subscriptions' });
  });

  it('is remembered for a session that stays, without the filters that were refused', async () => {
    const { broker } = await startBroker(authority);
    const before = await RawClient.connected(broker.port, authority.ca, oxi, { flags: 0 });
    before.send(filter('devices/oxi-12/commands/#', 'devices/vent-2/commands/#'));
    await before.next();
    before.send(packet(0xe0));
    await before.closed;
    const after = await RawClient.open(broker.port, authority.ca, oxi);
    after.send(connect({ flags: 0 }));
    // Session present (MQTT-3.2.2-2).
    expect((await after.next())?.toString('hex')).toBe('20020100');
    await broker.publish('devices/vent-2/commands/stop', Buffer.from('not yours'));
    await broker.publish('devices/oxi-12/commands/set', Buffer.from('yours'));
    expect((await after.next())?.toString('latin1')).toContain('yours');
  });
});
