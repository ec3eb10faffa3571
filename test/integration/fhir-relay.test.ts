import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer, get } from 'node:https';
import { type AddressInfo, createServer as createTcpServer, type Socket } from 'node:net';
import { beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import type {
  Channel,
  DeviceDescription,
  OutboxEntry,
  RelayConnection,
  RelayContext,
} from '../../gateway/core/relay.ts';
import {
  type FhirHospitalOptions,
  startFhirHospital,
} from '../../gateway/hospital/fhir-hospital.ts';
import fhir from '../../gateway/relays/fhir.ts';
import { startCuttingLine } from '../support/cutting-line.ts';
import {
  makeClientCertificate,
  makeHospitalCertificate,
  type TestCertificate,
} from '../support/hospital-certificate.ts';
import { outboxEntry, released } from '../support/released.ts';
import { until } from '../support/site.ts';

let tls: TestCertificate;
let stranger: TestCertificate;

beforeAll(async () => {
  tls = await makeHospitalCertificate();
  stranger = await makeHospitalCertificate();
});

function entries(...ids: string[]): OutboxEntry[] {
  return ids.map((id, index) => outboxEntry([released({ id })], index));
}

interface Settings {
  readonly port: number;
  readonly mode?: 'transaction' | 'single';
  readonly channel?: Channel;
  readonly describe?: RelayContext['describe'];
  readonly timeoutMs?: number;
  readonly client?: TestCertificate;
  readonly host?: string;
}

function connect({
  port,
  timeoutMs = 2_000,
  client,
  host = '127.0.0.1',
  mode = 'transaction',
  channel = 'data',
  describe,
}: Settings): RelayConnection {
  const files: Record<string, string | undefined> = {
    ca: tls.ca,
    cert: client?.cert,
    key: client?.key,
  };
  const options = fhir.options.parse({
    url: `https://${host}:${port}/fhir`,
    timeoutMs,
    mode,
    ca: 'ca',
    ...(client && { clientCertificate: 'cert', clientKey: 'key' }),
  });
  const connection = fhir.connect(options, {
    channel,
    ...(describe && { describe }),
    now: () => Date.now(),
    readFile: (path) => Buffer.from(files[path] ?? ''),
    readSecret: (path) => Buffer.from(files[path] ?? ''),
  });
  onTestFinished(() => connection.close());
  return connection;
}

async function startHospital(options: Partial<FhirHospitalOptions> = {}) {
  const hospital = await startFhirHospital({ ...tls, ...options });
  onTestFinished(() => hospital.close());
  return hospital;
}

/** An HTTPS server that answers what no FHIR server would. */
async function startServer(answer: (request: IncomingMessage, response: ServerResponse) => void) {
  const server = createServer({ key: tls.key, cert: tls.cert }, answer).listen(0, '127.0.0.1');
  let connections = 0;
  server.on('secureConnection', () => {
    connections += 1;
  });
  await once(server, 'listening');
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return { port: (server.address() as AddressInfo).port, connections: () => connections };
}

describe('a hospital that is well', () => {
  it('has each observation once, however often it is sent, and tells its ids', async () => {
    const recorded: string[] = [];
    const hospital = await startHospital({ record: (ids) => recorded.push(...ids) });
    const connection = connect(hospital);
    for (const batch of [entries('a', 'b'), entries('b', 'c'), entries('a', 'b')]) {
      expect(await connection.send(batch)).toEqual({ outcome: 'delivered' });
    }
    expect([...hospital.stored.keys()]).toEqual(['a', 'b', 'c']);
    expect(recorded).toEqual(['a', 'b', 'c']);
    expect(hospital.counts).toMatchObject({ received: 6, stored: 3, repeated: 3, duplicates: 0 });
  });

  it('finds an observation by our identifier', async () => {
    const hospital = await startHospital();
    await connect(hospital).send(entries('a'));
    const found = await getJson(
      `${hospital.url}/Observation?identifier=urn:wardgate:observation|a`,
    );
    expect(found).toMatchObject({
      type: 'searchset',
      total: 1,
      entry: [{ resource: { status: 'final' } }],
    });
    expect(await getJson(`${hospital.url}/metadata`)).toMatchObject({ fhirVersion: '4.0.1' });
  });

  it('is spoken to over one connection', async () => {
    const hospital = await startHospital();
    const line = await startCuttingLine(hospital.port);
    onTestFinished(() => line.close());
    const connection = connect(line);
    await connection.send(entries('a'));
    await connection.send(entries('b'));
    expect(hospital.stored.size).toBe(2);
    expect(line.connections()).toBe(1);
  });

  it('takes several batches at once', async () => {
    const hospital = await startHospital();
    const connection = connect(hospital);
    const ids = Array.from({ length: 12 }, (_, index) => `p${index}`);
    const outcomes = await Promise.all(ids.map((id) => connection.send(entries(id))));
    expect(outcomes).toEqual(ids.map(() => ({ outcome: 'delivered' })));
    expect(hospital.stored.size).toBe(ids.length);
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

  it('is not full of what it has no room for', async () => {
    const hospital = await startHospital({ resourcesMax: 1 });
    const connection = connect(hospital);
    expect(await connection.send(entries('a'))).toEqual({ outcome: 'delivered' });
    expect(await connection.send(entries('b'))).toMatchObject({
      outcome: 'retry',
      cause: 'HTTP 507 (too-costly)',
    });
  });

  it('needs nothing when there is nothing to send', async () => {
    const connection = connect({ port: 1 });
    expect(await connection.send([])).toEqual({ outcome: 'delivered' });
  });

  it('names the entry it refuses', async () => {
    const hospital = await startHospital();
    hospital.setFault('422-one', 'b');
    expect(await connect(hospital).send(entries('a', 'b'))).toEqual({
      outcome: 'refused',
      cause: 'HTTP 422 (business-rule at Bundle.entry[1])',
    });
    expect(hospital.stored.size).toBe(0);
  });

  it('says when to come back', async () => {
    const hospital = await startHospital();
    hospital.setFault('503-retry-after');
    expect(await connect(hospital).send(entries('a'))).toMatchObject({
      outcome: 'retry',
      afterMs: 2_000,
    });
  });
});

describe('resource by resource', () => {
  it('sends every resource of a record, those of one device in order', async () => {
    const recorded: string[] = [];
    const hospital = await startHospital({ record: (ids) => recorded.push(...ids) });
    const wide = outboxEntry([released({ id: 'a.0' }), released({ id: 'a.1' })], 1);
    const batch = [wide, ...entries('b', 'c')];
    expect(await connect({ ...hospital, mode: 'single' }).send(batch)).toEqual({
      outcome: 'delivered',
    });
    expect(recorded).toEqual(['a.0', 'a.1', 'b', 'c']);
    expect(hospital.counts).toMatchObject({ stored: 4, repeated: 0, duplicates: 0 });
  });

  it('does not say of a record that is stored in part that nothing of it is', async () => {
    let asked = 0;
    const server = await startServer((request, response) => {
      asked += 1;
      request.resume();
      response.setHeader('location', 'https://127.0.0.1/fhir/Observation/1');
      response.writeHead(asked === 1 ? 201 : 503).end();
    });
    const wide = outboxEntry([released({ id: 'a.0' }), released({ id: 'a.1' })], 1);
    expect(await connect({ ...server, mode: 'single' }).send([wide])).toEqual({
      outcome: 'unknown',
      cause: 'HTTP 503',
    });
  });
});

describe('a device', () => {
  const oximeter: DeviceDescription = {
    manufacturer: 'Nonin',
    model: 'Onyx II 9560',
    specialization: 'MDC_DEV_SPEC_PROFILE_PULS_OXIM',
  };
  interface Found {
    readonly total: number;
    readonly entry: readonly { readonly resource: unknown }[];
  }
  const found = async (url: string) =>
    (await getJson(`${url}/Device?identifier=urn:wardgate:device-pseudonym|_device`)) as Found;

  it('is told of once, and again once it is another', async () => {
    let now = oximeter;
    let asked = 0;
    const hospital = await startHospital();
    const describe = async () => {
      asked += 1;
      return now;
    };
    const connection = connect({ ...hospital, describe });
    await connection.send(entries('a'));
    await connection.send(entries('b'));
    await until('it is told', async () => (await found(hospital.url)).total === 1);
    expect(asked).toBe(1);
    expect((await found(hospital.url)).entry[0]?.resource).toMatchObject({
      identifier: [{ system: 'urn:wardgate:device-pseudonym', value: '_device' }],
      manufacturer: 'Nonin',
      deviceName: [{ name: 'Onyx II 9560', type: 'model-name' }],
      type: { text: 'MDC_DEV_SPEC_PROFILE_PULS_OXIM' },
    });
    now = { ...oximeter, model: '3231' };
    // As after a restart: the same Device is changed, and there is no second one.
    await connect({ ...hospital, describe }).send(entries('c'));
    await until('the change is told', async () =>
      JSON.stringify((await found(hospital.url)).entry).includes('3231'),
    );
    expect((await found(hospital.url)).total).toBe(1);
  });

  it('is told of on one line only, that of the measurements', async () => {
    const hospital = await startHospital();
    const asked: Channel[] = [];
    for (const channel of ['alerts', 'data'] as const) {
      const describe = async () => {
        asked.push(channel);
        return oximeter;
      };
      await connect({ ...hospital, channel, describe }).send(entries(channel));
    }
    await until('it is told', async () => (await found(hospital.url)).total === 1);
    expect(asked).toEqual(['data']);
  });

  it('that the server does not take, or nobody knows, holds nothing up', async () => {
    const puts: string[] = [];
    const hospital = await startServer((request, response) => {
      if (request.method === 'PUT') puts.push(request.url ?? '');
      request.resume();
      const entry = [{ response: { status: '201' } }];
      const bundle = { resourceType: 'Bundle', type: 'transaction-response', entry };
      if (request.method === 'PUT') response.writeHead(412).end();
      else response.end(JSON.stringify(bundle));
    });
    const connection = connect({ ...hospital, describe: async () => oximeter });
    for (const id of ['a', 'b', 'c'])
      expect(await connection.send(entries(id))).toEqual({ outcome: 'delivered' });
    await until('it was tried', async () => puts.length > 0);
    for (const id of ['d', 'e'])
      expect(await connection.send(entries(id))).toEqual({ outcome: 'delivered' });
    // A bare `|` is no part of an address.
    expect(puts).toEqual(['/fhir/Device?identifier=urn:wardgate:device-pseudonym%7C_device']);
    const stranger = connect({ ...hospital, describe: async () => undefined });
    expect(await stranger.send(entries('f'))).toEqual({ outcome: 'delivered' });
  });
});

describe('a server that is not the hospital', () => {
  it('hears nothing when somebody else signed it', async () => {
    let requests = 0;
    const server = await startFhirHospital({ ...stranger, record: () => (requests += 1) });
    onTestFinished(() => server.close());
    expect(await connect(server).send(entries('a'))).toEqual({
      outcome: 'retry',
      cause: expect.stringMatching(/^(UNABLE_TO_VERIFY|SELF_SIGNED|DEPTH_ZERO|CERT)/),
    });
    expect(requests).toBe(0);
  });

  it('hears nothing when its certificate names another host', async () => {
    const elsewhere = await makeHospitalCertificate('ehr.example');
    const server = await startFhirHospital(elsewhere);
    onTestFinished(() => server.close());
    const options = fhir.options.parse({ url: server.url, ca: 'ca' });
    const connection = fhir.connect(options, {
      channel: 'data',
      now: () => Date.now(),
      readFile: () => Buffer.from(elsewhere.ca),
      readSecret: () => Buffer.from(''),
    });
    onTestFinished(() => connection.close());
    expect(await connection.send(entries('a'))).toEqual({
      outcome: 'retry',
      cause: 'ERR_TLS_CERT_ALTNAME_INVALID',
    });
    expect(server.counts.received).toBe(0);
  });

  it.each([
    ['that is not there', 'ECONNREFUSED', () => unusedPort()],
    [
      'that does not speak TLS',
      'EPROTO',
      () => startTcp((socket) => socket.end('HTTP/1.1 200 OK\r\n\r\n')),
    ],
    ['that never answers the handshake', 'ETIMEDOUT', () => startTcp(() => {})],
    ['that hangs up in the handshake', 'ECONNRESET', () => startTcp((socket) => socket.destroy())],
  ])('%s has stored nothing', async (_, cause, start) => {
    const delivery = await connect({ port: await start(), timeoutMs: 500 }).send(entries('a'));
    expect(delivery).toMatchObject({ outcome: 'retry' });
    if (cause === 'EPROTO')
      expect(delivery).toMatchObject({ cause: expect.stringMatching(/^(EPROTO|ERR_SSL)/) });
    else expect(delivery).toMatchObject({ cause });
  });

  it('whose name nobody knows has stored nothing', async () => {
    const connection = connect({ port: 443, host: 'hospital.invalid' });
    expect(await connection.send(entries('a'))).toMatchObject({
      outcome: 'retry',
      cause: expect.stringMatching(/^(ENOTFOUND|EAI_AGAIN)$/),
    });
  });
});

describe('an answer', () => {
  it('that redirects is not followed', async () => {
    const elsewhere = await startServer((_, response) => response.end());
    const server = await startServer((_, response) => {
      response.writeHead(307, { location: `https://127.0.0.1:${elsewhere.port}/fhir` }).end();
    });
    expect(await connect(server).send(entries('a'))).toEqual({
      outcome: 'retry',
      cause: 'HTTP 307',
    });
    expect(elsewhere.connections()).toBe(0);
  });

  it('without an end is not waited for, nor kept', async () => {
    let sent = 0;
    const server = await startServer((_, response) => {
      const piece = Buffer.alloc(65_536, 0x20);
      response.writeHead(200);
      const fill = () => {
        while (!response.destroyed && response.write(piece)) sent += piece.length;
        sent += piece.length;
      };
      response.on('drain', fill);
      fill();
    });
    expect(await connect(server).send(entries('a'))).toEqual({
      outcome: 'unknown',
      cause: 'answer incomplete',
    });
    // What the limit lets in, and what the buffers of the two sockets hold.
    expect(sent).toBeLessThan(16 * 1_048_576);
  });

  it('that trickles is cut off in time', async () => {
    const server = await startServer((_, response) => {
      response.writeHead(200);
      response.write('{');
    });
    expect(await connect({ ...server, timeoutMs: 300 }).send(entries('a'))).toMatchObject({
      outcome: 'unknown',
    });
  });

  it('with a status keeps its meaning even when the rest breaks off', async () => {
    const server = await startServer((_, response) => {
      response.writeHead(422, { 'content-length': 100 });
      response.write('{', () => response.destroy());
    });
    expect(await connect(server).send(entries('a'))).toEqual({
      outcome: 'refused',
      cause: 'HTTP 422',
    });
  });

  it.each([401, 403, 404])(
    'of %i keeps everything for when the site has mended it',
    async (status) => {
      const server = await startServer((request, response) => {
        request.resume();
        response.writeHead(status).end();
      });
      expect(await connect(server).send(entries('a'))).toMatchObject({
        outcome: 'retry',
        cause: `HTTP ${status}`,
      });
    },
  );

  it('may cross the end of the gateway: then nobody knows', async () => {
    const server = await startServer(() => connection.close());
    const connection = connect(server);
    expect(await connection.send(entries('a'))).toMatchObject({ outcome: 'unknown' });
    expect(await connection.send(entries('a'))).toEqual({ outcome: 'retry', cause: 'closed' });
  });
});

it.each([
  ['plain HTTP', { url: 'http://ehr.example/fhir' }],
  ['a password in the address', { url: 'https://me:secret@ehr.example/fhir' }],
  ['a query', { url: 'https://ehr.example/fhir?x=1' }],
  ['no patience', { url: 'https://ehr.example/fhir', timeoutMs: 0 }],
  ['a key without its certificate', { url: 'https://ehr.example/fhir', clientKey: 'a.key' }],
  ['a switch that does not exist', { url: 'https://ehr.example/fhir', insecure: true }],
])('refuses settings with %s', (_, options) => {
  expect(fhir.options.safeParse(options).success).toBe(false);
});

async function getJson(url: string): Promise<unknown> {
  const [response] = (await once(get(url, { ca: tls.ca }), 'response')) as [IncomingMessage];
  return JSON.parse(Buffer.concat(await response.toArray()).toString());
}

async function startTcp(answer: (socket: Socket) => void): Promise<number> {
  const open = new Set<Socket>();
  const server = createTcpServer((socket) => {
    open.add(socket.on('error', () => {}));
    answer(socket);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    for (const socket of open) socket.destroy();
    server.close();
  });
  return (server.address() as AddressInfo).port;
}

async function unusedPort(): Promise<number> {
  const server = createTcpServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}
