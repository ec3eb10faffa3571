import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:tls';
import { beforeAll, expect, it, onTestFinished } from 'vitest';
import type { RelayConnection } from '../../gateway/core/relay.ts';
import mqtt from '../../gateway/relays/mqtt.ts';
import { readBridged } from '../support/bridged.ts';
import {
  makeClientCertificate,
  makeHospitalCertificate,
  type TestCertificate,
} from '../support/hospital-certificate.ts';
import { startMosquitto } from '../support/mosquitto.ts';
import { outboxEntry, released } from '../support/released.ts';

let tls: TestCertificate;
beforeAll(async () => {
  tls = await makeHospitalCertificate();
});

async function startBroker(settings?: readonly string[], certificate = tls) {
  const broker = await startMosquitto(certificate, settings);
  onTestFinished(() => broker.close());
  return broker;
}

async function startReader(port: number) {
  const reader = await readBridged(port, tls.ca);
  onTestFinished(() => reader.close());
  return reader;
}

function connect(port: number, more: object = {}, files: object = {}): RelayConnection {
  const given: Record<string, string | undefined> = { ca: tls.ca, ...files };
  const options = mqtt.options.parse({ host: '127.0.0.1', port, ca: 'ca', ...more });
  const connection = mqtt.connect(options, {
    channel: 'data',
    now: () => Date.now(),
    readFile: (path) => Buffer.from(given[path] ?? ''),
    readSecret: (path) => Buffer.from(given[path] ?? ''),
  });
  onTestFinished(() => connection.close());
  return connection;
}

const entry = (id: string, changes: object = {}) => outboxEntry([released({ id, ...changes })]);

it('publishes to a topic of the device’s pseudonym, by what it is', async () => {
  const { port } = await startBroker();
  const reader = await startReader(port);
  const alert = { kind: 'alert', event: 'MDC_EVT_DESAT', phase: 'start', priority: 'high' };
  const wave = { kind: 'samples', metric: 'MDC_PULS_OXIM_PLETH', periodMs: 4, value: [1, 2] };
  const batch = [
    outboxEntry([released({ id: 'a.0', ...alert })], 1, 'alert'),
    outboxEntry([released({ id: 'b.0' })], 2, 'numeric'),
    outboxEntry([released({ id: 'c.0', device: '_other' })], 3, 'trend'),
    outboxEntry([released({ id: 'd.0', ...wave })], 4, 'waveform'),
  ];
  expect(await connect(port).send(batch)).toEqual({ outcome: 'delivered' });
  await reader.settled();
  expect(reader.messages.map(({ topic }) => topic)).toEqual([
    'released/_device/alerts',
    'released/_device/observations',
    'released/_other/observations',
    'released/_device/waveforms',
  ]);
});

it('says with each record its place in the order of arrival', async () => {
  const { port } = await startBroker();
  const reader = await startReader(port);
  await connect(port).send([{ ...entry('a.0'), order: 1_042 }]);
  await reader.settled();
  expect(reader.messages.map(({ text }) => JSON.parse(text).order)).toEqual([1_042]);
});

it('keeps the order over more messages than it has in flight', async () => {
  const { port } = await startBroker();
  const reader = await startReader(port);
  const connection = connect(port);
  let left = Array.from({ length: 100 }, (_, index) => entry(`${index}.0`));
  while (left.length > 0) {
    const delivery = await connection.send(left);
    expect(delivery.outcome).toBe('delivered');
    if (delivery.outcome === 'delivered') left = left.slice(delivery.entryCount ?? left.length);
  }
  await reader.settled();
  const ids = reader.messages.map(({ text }) => JSON.parse(text).observations[0].id);
  expect(ids).toEqual(Array.from({ length: 100 }, (_, index) => `${index}.0`));
});

it('notices a broker that holds the line and says nothing, and goes on when it is back', async () => {
  const broker = await startBroker();
  const reader = await startReader(broker.port);
  const connection = connect(broker.port, { timeoutMs: 1_000 });
  expect(await connection.send([entry('a.0')])).toEqual({ outcome: 'delivered' });
  broker.freeze();
  expect(await connection.send([entry('b.0')])).toEqual({ outcome: 'unknown', cause: 'ETIMEDOUT' });
  expect(await connection.send([entry('b.0')])).toMatchObject({ outcome: 'retry' });
  broker.thaw();
  expect(await connection.send([entry('b.0')])).toEqual({ outcome: 'delivered' });
  await reader.settled();
  expect(reader.holds('b.0')).toBe(true);
  expect(reader.changed()).toBe(0);
});

it('connects anew to a broker that was started anew', async () => {
  const broker = await startBroker();
  const connection = connect(broker.port);
  expect(await connection.send([entry('a.0')])).toEqual({ outcome: 'delivered' });
  await broker.kill();
  expect((await connection.send([entry('b.0')])).outcome).not.toBe('delivered');
  await broker.start();
  expect(await connection.send([entry('b.0')])).toEqual({ outcome: 'delivered' });
});

it('takes the acknowledgement of another message for none', async () => {
  const server = createServer({ key: tls.key, cert: tls.cert }, (socket) => {
    socket.on('error', () => {});
    socket.on('data', (packet: Buffer) => {
      if (packet[0] === 0x10) socket.write(Buffer.of(0x20, 2, 0, 0));
      // Another packet identifier than the first one a client gives.
      if (packet[0] === 0x32) socket.write(Buffer.of(0x40, 2, 0xfe, 0xfe));
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => void server.close());
  const { port } = server.address() as AddressInfo;
  const delivery = await connect(port, { timeoutMs: 500 }).send([entry('a.0')]);
  expect(delivery).toEqual({ outcome: 'unknown', cause: 'ETIMEDOUT' });
});

it('shows its certificate where the broker asks for one', async () => {
  const client = await makeClientCertificate();
  const trusting = { ...tls, ca: `${tls.ca}\n${client.ca}` };
  const { port } = await startBroker(
    ['require_certificate true', 'allow_anonymous true'],
    trusting,
  );
  const files = { cert: client.cert, key: client.key };
  const mutual = { clientCertificate: 'cert', clientKey: 'key' };
  expect(await connect(port, mutual, files).send([entry('a.0')])).toEqual({ outcome: 'delivered' });
  expect(await connect(port, { timeoutMs: 2_000 }).send([entry('b.0')])).toMatchObject({
    outcome: 'retry',
  });
});

it('tells no stranger anything', async () => {
  const stranger = await makeHospitalCertificate();
  const { port } = await startBroker(undefined, stranger);
  const delivery = await connect(port).send([entry('a.0')]);
  expect(delivery).toMatchObject({ outcome: 'retry' });
  expect(delivery).toHaveProperty('cause', expect.stringMatching(/CERT|SIGNATURE|VERIFY/));
});

it('says by its code that the broker lets it not in', async () => {
  const { port } = await startBroker(['allow_anonymous false']);
  expect(
    await connect(port, { userName: 'a', passwordFile: 'p' }, { p: 'b\n' }).send([entry('a.0')]),
  ).toEqual({ outcome: 'retry', cause: 'CONNACK 5' });
});

it('sets aside what is longer than the broker takes, before it is tried', async () => {
  const { port } = await startBroker();
  const wave = { kind: 'samples', metric: 'MDC_PULS_OXIM_PLETH', periodMs: 4 };
  const long = entry('a.0', { ...wave, value: Array.from({ length: 2_000 }, () => 32_767) });
  const connection = connect(port, { payloadBytesMax: 1_024 });
  expect(await connection.send([long])).toMatchObject({ outcome: 'refused' });
  expect(await connection.send([entry('b.0')])).toEqual({ outcome: 'delivered' });
});

it('refuses a name that would lead to another topic', async () => {
  const { port } = await startBroker();
  const delivery = await connect(port).send([entry('a.0', { device: '_a/../b' })]);
  expect(delivery).toMatchObject({ outcome: 'refused' });
});
