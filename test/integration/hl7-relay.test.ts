import { once } from 'node:events';
import { type AddressInfo, createServer as createTcpServer, type Socket } from 'node:net';
import { createServer, type TLSSocket } from 'node:tls';
import { beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { acknowledgeHl7 } from '../../gateway/core/hl7/acknowledgement.ts';
import { readHl7Message } from '../../gateway/core/hl7/message.ts';
import type { OutboxEntry, RelayConnection } from '../../gateway/core/relay.ts';
import { type Hl7HospitalOptions, startHl7Hospital } from '../../gateway/hospital/hl7-hospital.ts';
import hl7v2 from '../../gateway/relays/hl7v2.ts';
import { startCuttingLine } from '../support/cutting-line.ts';
import {
  makeClientCertificate,
  makeHospitalCertificate,
  type TestCertificate,
} from '../support/hospital-certificate.ts';
import { outboxEntry, released } from '../support/released.ts';

let tls: TestCertificate;

beforeAll(async () => {
  tls = await makeHospitalCertificate();
});

function entries(...ids: string[]): OutboxEntry[] {
  return ids.map((id, index) => outboxEntry([released({ id })], index));
}

interface Settings {
  readonly port: number;
  readonly timeoutMs?: number;
  readonly client?: TestCertificate;
  readonly host?: string;
  readonly ca?: string;
}

function connect(settings: Settings): RelayConnection {
  const { port, timeoutMs = 5_000, client, host = '127.0.0.1', ca = tls.ca } = settings;
  const files: Record<string, string | undefined> = { ca, cert: client?.cert, key: client?.key };
  const options = hl7v2.options.parse({
    host,
    port,
    timeoutMs,
    ca: 'ca',
    ...(client && { clientCertificate: 'cert', clientKey: 'key' }),
  });
  const connection = hl7v2.connect(options, {
    channel: 'data',
    now: () => Date.now(),
    readFile: (path) => Buffer.from(files[path] ?? ''),
    readSecret: (path) => Buffer.from(files[path] ?? ''),
  });
  onTestFinished(() => connection.close());
  return connection;
}

async function startHospital(options: Partial<Hl7HospitalOptions> = {}) {
  const hospital = await startHl7Hospital({ ...tls, ...options });
  onTestFinished(() => hospital.close());
  return hospital;
}

/** Sends as the forwarder does: what was not delivered yet is sent again. */
async function sendAll(
  connection: RelayConnection,
  batch: readonly OutboxEntry[],
): Promise<number> {
  let left = batch;
  let sends = 0;
  while (left.length > 0) {
    const delivery = await connection.send(left);
    if (delivery.outcome !== 'delivered') throw new Error(delivery.cause);
    sends += 1;
    left = left.slice(delivery.entryCount ?? left.length);
  }
  return sends;
}

/** A receiver on a real TLS socket that answers each message, by its text, as it is told. */
async function startReceiver(answer: (message: string, socket: TLSSocket, count: number) => void) {
  const messages: string[] = [];
  let connections = 0;
  const open = new Set<TLSSocket>();
  const server = createServer({ key: tls.key, cert: tls.cert }, (socket) => {
    connections += 1;
    open.add(socket.on('error', () => undefined));
    let received = '';
    socket.on('data', (chunk) => {
      received += chunk.toString();
      if (!received.endsWith('\x1c\r')) return;
      const message = received.slice(1, -2);
      received = '';
      messages.push(message);
      answer(message, socket, messages.length);
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    for (const socket of open) socket.destroy();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  return { port, messages, connections: () => connections };
}

function accept(message: string): string {
  return acknowledgeHl7(readHl7Message(message), 'AA');
}

describe('a hospital that is well', () => {
  it('has each observation once and in order, however often it is sent', async () => {
    const hospital = await startHospital();
    const connection = connect(hospital);
    for (const batch of [entries('a', 'b'), entries('b', 'c'), entries('a', 'b')]) {
      await sendAll(connection, batch);
    }
    expect([...hospital.stored.keys()]).toEqual(['a', 'b', 'c']);
    expect(hospital.counts).toEqual({ messages: 6, stored: 3, repeated: 3, duplicates: 0 });
  });

  it('is spoken to over one connection, one message at a time', async () => {
    let waiting = 0;
    let waitingMax = 0;
    const receiver = await startReceiver((message, socket) => {
      waiting += 1;
      waitingMax = Math.max(waitingMax, waiting);
      setImmediate(() => {
        waiting -= 1;
        socket.write(accept(message));
      });
    });
    const connection = connect(receiver);
    await sendAll(connection, entries('a', 'b', 'c'));
    await sendAll(connection, entries('d'));
    expect(receiver.messages.map((text) => /\|(\w)\^WARDGATE\r/.exec(text)?.[1])).toEqual([
      'a',
      'b',
      'c',
      'd',
    ]);
    expect(waitingMax).toBe(1);
    expect(receiver.connections()).toBe(1);
  });

  it('lets in by client certificate only whom it knows', async () => {
    const client = await makeClientCertificate();
    const hospital = await startHospital({ clientCa: client.ca });
    const known = connect({ port: hospital.port, client });
    expect(await known.send(entries('a'))).toEqual({ outcome: 'delivered' });
    const nobody = connect({ port: hospital.port });
    const unknown = connect({ port: hospital.port, client: await makeClientCertificate() });
    for (const connection of [nobody, unknown]) {
      // TLS 1.3: the client believes the handshake done before the server refuses it.
      expect(['retry', 'unknown']).toContain((await connection.send(entries('b'))).outcome);
    }
    expect([...hospital.stored.keys()]).toEqual(['a']);
  });

  it('says so when it is full, and what waits is kept', async () => {
    const hospital = await startHospital({ observationsMax: 2 });
    const connection = connect(hospital);
    await sendAll(connection, entries('a', 'b'));
    expect(await connection.send(entries('c'))).toEqual({ outcome: 'retry', cause: 'AR 207' });
  });

  it('needs nothing when there is nothing to send', async () => {
    expect(await connect({ port: 1 }).send([])).toEqual({ outcome: 'delivered' });
  });
});

describe('an acknowledgement', () => {
  it('that comes late is never taken for that of the next message', async () => {
    const late: string[] = [];
    const receiver = await startReceiver((message, socket, count) => {
      // The first one is not answered in time; from then on each gets the answer to the one before.
      const answer = accept(message);
      if (count > 1) socket.write(late.shift() ?? answer);
      late.push(answer);
    });
    const connection = connect({ ...receiver, timeoutMs: 500 });
    expect(await connection.send(entries('a'))).toEqual({ outcome: 'unknown', cause: 'ETIMEDOUT' });
    expect(await connection.send(entries('b'))).toEqual({
      outcome: 'unknown',
      cause: 'acknowledgement of another message',
    });
    expect(receiver.connections()).toBe(2);
  });

  it('of the message before, which stood there already, ends the connection', async () => {
    const receiver = await startReceiver((message, socket) => {
      socket.write(accept(message) + accept(message));
    });
    const connection = connect(receiver);
    await sendAll(connection, entries('a', 'b'));
    expect(receiver.connections()).toBe(2);
  });

  it('that nobody asked for ends the connection', async () => {
    let repeat = () => {};
    const closed = Promise.withResolvers<void>();
    const receiver = await startReceiver((message, socket) => {
      socket.once('close', () => closed.resolve());
      socket.write(accept(message));
      repeat = () => void socket.write(accept(message));
    });
    const connection = connect(receiver);
    expect(await connection.send(entries('a'))).toEqual({ outcome: 'delivered' });
    repeat();
    await closed.promise;
    expect(await connection.send(entries('b'))).toEqual({ outcome: 'delivered' });
    expect(receiver.connections()).toBe(2);
  });

  it('without an end is not waited for, nor kept', async () => {
    const receiver = await startReceiver((_, socket) => {
      socket.write('\x0b');
      const fill = () => {
        while (!socket.destroyed && socket.write(Buffer.alloc(16_384, 0x41)));
      };
      socket.on('drain', fill);
      fill();
    });
    expect(await connect(receiver).send(entries('a'))).toEqual({
      outcome: 'unknown',
      cause: 'answer is no frame',
    });
  });

  it('of an error in the middle of a batch lets go of what was acknowledged before', async () => {
    const hospital = await startHospital();
    hospital.setFault('AE-one', 'c');
    const connection = connect(hospital);
    const batch = entries('a', 'b', 'c', 'd');
    expect(await connection.send(batch)).toEqual({ outcome: 'delivered', entryCount: 2 });
    expect(await connection.send(batch.slice(2))).toEqual({
      outcome: 'refused',
      cause: 'AE 101',
      entryCount: 1,
    });
    expect(hospital.counts).toMatchObject({ stored: 2, repeated: 0 });
  });
});

describe('a line that is dead', () => {
  it('although its socket lives is noticed by the answer that does not come', async () => {
    const hospital = await startHospital();
    const connection = connect({ ...hospital, timeoutMs: 500 });
    await sendAll(connection, entries('a'));
    hospital.setFault('deaf');
    expect(await connection.send(entries('b'))).toEqual({ outcome: 'unknown', cause: 'ETIMEDOUT' });
    hospital.setFault('none');
    await sendAll(connection, entries('b'));
    expect(hospital.counts).toMatchObject({ stored: 2, repeated: 0, duplicates: 0 });
  });

  it('is noticed within thirty seconds, whatever the settings say', () => {
    const options = { host: 'ehr', port: 2575 };
    expect(hl7v2.options.parse(options)).toMatchObject({ timeoutMs: 10_000 });
    expect(hl7v2.options.safeParse({ ...options, timeoutMs: 30_001 }).success).toBe(false);
  });

  it('is not kept for long while nothing is said on it', async () => {
    const ended = Promise.withResolvers<void>();
    const receiver = await startReceiver((message, socket) => {
      socket.once('close', () => ended.resolve());
      socket.write(accept(message));
    });
    const connection = connect(receiver);
    expect(await connection.send(entries('a'))).toEqual({ outcome: 'delivered' });
    const saidAt = performance.now();
    await ended.promise;
    expect(performance.now() - saidAt).toBeLessThan(30_000);
    expect(await connection.send(entries('b'))).toEqual({ outcome: 'delivered' });
  }, 60_000);

  it('since the hospital closed it is opened anew', async () => {
    const receiver = await startReceiver((message, socket) => socket.end(accept(message)));
    const connection = connect(receiver);
    await sendAll(connection, entries('a'));
    const again = await connection.send(entries('b'));
    if (again.outcome !== 'delivered') await sendAll(connection, entries('b'));
    expect(receiver.connections()).toBeGreaterThan(1);
  });

  it('may cross the end of the gateway: then nobody knows', async () => {
    const receiver = await startReceiver(() => connection.close());
    const connection = connect(receiver);
    expect(await connection.send(entries('a'))).toEqual({ outcome: 'unknown', cause: 'closed' });
    expect(await connection.send(entries('a'))).toEqual({ outcome: 'retry', cause: 'closed' });
  });
});

describe('a server that is not the hospital', () => {
  it('hears nothing when somebody else signed it, or its certificate names another host', async () => {
    const stranger = await makeHospitalCertificate();
    const elsewhere = await makeHospitalCertificate('ehr.example');
    for (const [certificate, ca] of [
      [stranger, tls.ca],
      [elsewhere, elsewhere.ca],
    ] as const) {
      const hospital = await startHl7Hospital(certificate);
      onTestFinished(() => hospital.close());
      const line = await startCuttingLine(hospital.port);
      onTestFinished(() => line.close());
      expect(await connect({ port: line.port, ca }).send(entries('a'))).toMatchObject({
        outcome: 'retry',
      });
      expect(hospital.counts.messages).toBe(0);
    }
  });

  it.each([
    ['that never answers the handshake', 'ETIMEDOUT', () => undefined],
    [
      'that hangs up in the handshake',
      'closed by the receiver',
      (socket: Socket) => socket.destroy(),
    ],
  ])('%s has stored nothing', async (_, cause, answer) => {
    const port = await startTcp(answer);
    expect(await connect({ port, timeoutMs: 500 }).send(entries('a'))).toEqual({
      outcome: 'retry',
      cause,
    });
  });

  it('that speaks before it is spoken to is not believed', async () => {
    const server = createServer({ key: tls.key, cert: tls.cert }, (socket) => {
      socket.on('error', () => undefined);
      socket.write('\x0bMSH|^~\\&|||||||ACK|1|P|2.6\rMSA|AA|1\r\x1c\r');
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    onTestFinished(() => void server.close());
    const { port } = server.address() as AddressInfo;
    const { outcome } = await connect({ port, timeoutMs: 500 }).send(entries('a'));
    expect(['retry', 'unknown']).toContain(outcome);
  });
});

async function startTcp(answer: (socket: Socket) => void): Promise<number> {
  const open = new Set<Socket>();
  const server = createTcpServer((socket) => {
    open.add(socket.on('error', () => undefined));
    answer(socket);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    for (const socket of open) socket.destroy();
    server.close();
  });
  return (server.address() as AddressInfo).port;
}

it.each([
  ['no port', { host: 'ehr' }],
  ['a key without its certificate', { host: 'ehr', port: 1, clientKey: 'a.key' }],
  ['a separator in a name', { host: 'ehr', port: 1, sendingFacility: 'a|b' }],
  ['an end of line in a name', { host: 'ehr', port: 1, receivingApplication: 'a\rOBX' }],
  ['a switch that does not exist', { host: 'ehr', port: 1, tls: false }],
])('refuses settings with %s', (_, options) => {
  expect(hl7v2.options.safeParse(options).success).toBe(false);
});
