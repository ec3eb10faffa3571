import { once } from 'node:events';
import { Agent } from 'node:https';
import { connect as connectTcp, type Socket } from 'node:net';
import { connect, type TLSSocket } from 'node:tls';
import { describe, expect, it, onTestFinished } from 'vitest';
import { z } from 'zod';
import { healthRoutes } from '../../gateway/api/health.ts';
import { answer, defineRoute } from '../../gateway/api/route.ts';
import { type HttpsUnderTest, startHttps } from '../support/https-under-test.ts';
import { host } from '../support/site.ts';

/** What a stranger, or a device that fell into strange hands, may send to the HTTPS port. */
const echo = defineRoute({
  method: 'POST',
  path: '/api/v1/echo/:id',
  action: 'health.read',
  summary: 'Says what it was told.',
  parameters: z.strictObject({ id: z.string().max(8) }),
  body: z.strictObject({ name: z.string() }),
  answer: z.object({ id: z.string(), name: z.string() }),
  handle: ({ parameters, body }) => answer({ ...parameters, ...body }),
});

const start = () => startHttps([...healthRoutes(() => true), echo]);

async function open({ port, ca }: HttpsUnderTest): Promise<TLSSocket> {
  const socket = connect({ host, port, ca });
  socket.on('error', () => {});
  onTestFinished(() => void socket.destroy());
  await once(socket, 'secureConnect');
  return socket;
}

/** Everything the server says until it ends the connection. */
async function untilClosed(socket: Socket): Promise<string> {
  const parts: Buffer[] = [];
  socket.on('data', (part: Buffer) => parts.push(part));
  if (!socket.closed) await once(socket, 'close');
  return Buffer.concat(parts).toString();
}

async function say(server: HttpsUnderTest, text: string): Promise<string> {
  const socket = await open(server);
  const said = untilClosed(socket);
  socket.write(text);
  return said;
}

const statusOf = (said: string) =>
  said.match(/^HTTP\/1\.1 (\d{3})/gm)?.map((line) => line.slice(9));

const head = 'POST /api/v1/echo/a HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n';
const inner = 'GET /readyz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n';

describe('a request that could be read in two ways', () => {
  it.each([
    ['two lengths', `${head}Content-Length: 0\r\nContent-Length: ${inner.length}\r\n\r\n${inner}`],
    [
      'a length and chunks',
      `${head}Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n${inner}`,
    ],
    [
      'chunks and something after',
      `${head}Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n${inner}`,
    ],
    ['an unknown coding', `${head}Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n${inner}`],
    ['a space before the colon', `${head}Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n${inner}`],
    ['a folded field', `${head}X-A: 1\r\n Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n${inner}`],
    ['a length with a sign', `${head}Content-Length: +0\r\n\r\n${inner}`],
    ['a line end alone', `GET /healthz HTTP/1.1\nHost: x\n\n${inner}`],
    ['an end within a field', `GET /healthz HTTP/1.1\r\nHost: x\r\nX-A: 1\rX-B: 2\r\n\r\n${inner}`],
    ['no host', `GET /healthz HTTP/1.1\r\n\r\n${inner}`],
  ])('with %s is refused once and ends its connection', async (_name, text) => {
    expect(statusOf(await say(await start(), text))).toEqual(['400']);
  });
});

describe('what is too much', () => {
  it('of header fields, or of an address, is refused', async () => {
    const server = await start();
    const long = 'a'.repeat(9_000);
    expect(statusOf(await say(server, `GET /healthz HTTP/1.1\r\nX-A: ${long}\r\n\r\n`))).toEqual([
      '431',
    ]);
    expect(statusOf(await say(server, `GET /${long} HTTP/1.1\r\nHost: x\r\n\r\n`))).toEqual([
      '431',
    ]);
    const longId = `POST /api/v1/echo/${'a'.repeat(500)} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`;
    expect(statusOf(await say(server, longId))).toEqual(['414']);
  });

  it('of a body is refused, announced or not', async () => {
    const server = await start();
    const announced = await say(
      server,
      `${head}Content-Length: 70000\r\nConnection: close\r\n\r\n{`,
    );
    expect(statusOf(announced)).toEqual(['413']);
    const chunk = `ffff\r\n${'a'.repeat(0xffff)}\r\n`;
    const socket = await open(server);
    const said = untilClosed(socket);
    socket.write(
      `${head}Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n${chunk}${chunk}0\r\n\r\n`,
    );
    expect(statusOf(await said)).toEqual(['413']);
  });

  it('of requests has to wait, and is told how long', async () => {
    const { ask } = await start();
    // Handshakes would be slower than the limit on a busy machine: a few connections stay.
    const agent = new Agent({ keepAlive: true, maxSockets: 4 });
    onTestFinished(() => agent.destroy());
    const replies = await Promise.all(
      Array.from({ length: 600 }, () => ask('/healthz', { tls: { agent } })),
    );
    const refused = replies.filter(({ status }) => status === 429);
    expect(replies.length - refused.length).toBeGreaterThanOrEqual(100);
    expect(refused[0]).toMatchObject({ headers: { 'retry-after': '1' } });
    // Another address is not made to wait.
    const elsewhere = await ask('/healthz', { tls: { localAddress: '127.0.0.9' } });
    expect(elsewhere.status).toBe(200);
  });

  it('of connections from one address is closed; another address gets in', async () => {
    const server = await start();
    const sockets = Array.from({ length: 64 }, () => connectTcp({ host, port: server.port }));
    await Promise.all(sockets.map((socket) => once(socket, 'connect')));
    const one = connectTcp({ host, port: server.port });
    one.on('error', () => {});
    const closed = (socket: Socket, name: string) =>
      once(socket.resume(), 'close').then(() => name);
    // At once, and not when those before it run out of time.
    const all = [closed(one, 'the last'), ...sockets.map((socket) => closed(socket, 'an earlier'))];
    expect(await Promise.race(all)).toBe('the last');
    const elsewhere = await server.ask('/healthz', { tls: { localAddress: '127.0.0.9' } });
    expect(elsewhere.status).toBe(200);
    for (const socket of sockets) socket.destroy();
  });
});

it('ends whoever shakes hands, sends its fields or its body too slowly', async () => {
  const server = await start();
  const silent = connectTcp({ host, port: server.port });
  silent.on('error', () => {});
  const handshake = untilClosed(silent);
  const [fields, body] = [await open(server), await open(server)];
  const [fieldsSaid, bodySaid] = [untilClosed(fields), untilClosed(body)];
  fields.write('GET /healthz HTTP/1.1\r\nHost: x\r\n');
  body.write(`${head}Content-Length: 10\r\n\r\n{`);
  expect(await handshake).toBe('');
  expect(statusOf(await fieldsSaid)).toEqual(['408']);
  expect(statusOf(await bodySaid)).toEqual(['408']);
}, 30_000);

describe('a body', () => {
  it.each([
    ['that is no JSON', '{"name":', 400],
    ['that is empty', '', 400],
    ['that sets a prototype', '{"name":"a","__proto__":{"isAdmin":true}}', 400],
    [
      'that sets a constructor’s prototype',
      '{"name":"a","constructor":{"prototype":{"x":1}}}',
      400,
    ],
    ['with a field too many', '{"name":"a","role":"admin"}', 422],
    ['of another type', '{"name":{"$gt":""}}', 422],
    ['that is nested deep', `{"name":${'['.repeat(30_000)}${']'.repeat(30_000)}}`, 422],
  ])('%s is refused', async (_name, body, status) => {
    const { ask, faults } = await start();
    const headers = { 'content-type': 'application/json' };
    expect(await ask('/api/v1/echo/a', { method: 'POST', body, headers })).toMatchObject({
      status,
    });
    expect(faults).toEqual([]);
  });

  it('of another media type is refused', async () => {
    const { ask } = await start();
    for (const type of ['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data']) {
      const headers = { 'content-type': type };
      const reply = await ask('/api/v1/echo/a', { method: 'POST', body: 'name=a', headers });
      expect(reply.status).toBe(415);
    }
  });
});

it('knows no path but its own, however it is written', async () => {
  const server = await start();
  const paths = ['//healthz', '/healthz/', '/HEALTHZ', '/healthz%00', '/healthz;x=1', '/./healthz'];
  const more = ['/api/v1/echo/..%2f..%2fhealthz', '/api/../healthz', '/%zz', '/healthz%', '*'];
  for (const path of [...paths, ...more]) {
    const said = await say(server, `GET ${path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`);
    expect([path, statusOf(said)?.[0]]).toEqual([path, expect.stringMatching(/^40[045]$/)]);
  }
});

it('does nothing by a method that is not declared', async () => {
  const { ask } = await start();
  for (const method of ['TRACE', 'OPTIONS', 'PUT', 'PATCH', 'DELETE', 'PROPFIND']) {
    const { status } = await ask('/healthz', { method });
    expect([method, status]).toEqual([method, 405]);
  }
  expect((await ask('/healthz', { headers: { 'x-http-method-override': 'POST' } })).status).toBe(
    200,
  );
});

it('says nothing of itself and lets a browser load nothing, whatever it answers', async () => {
  const { ask } = await start();
  for (const path of ['/healthz', '/nothing', '/%zz', '/api/v1/echo/a']) {
    const { headers } = await ask(path);
    expect(headers).toMatchObject({
      'content-security-policy': expect.stringContaining(
        "default-src 'none'; frame-ancestors 'none'",
      ),
      'strict-transport-security': 'max-age=31536000',
      'x-content-type-options': 'nosniff',
      'cache-control': 'no-store',
    });
    expect(headers).not.toHaveProperty('server');
    expect(headers).not.toHaveProperty('x-powered-by');
  }
});

it('speaks TLS 1.2 with forward secrecy and AEAD, or TLS 1.3, and nothing else', async () => {
  const { ask } = await start();
  const answered = (tls: object) => ask('/healthz', { tls }).then(({ status }) => status);
  expect(await answered({ minVersion: 'TLSv1.3' })).toBe(200);
  expect(await answered({ maxVersion: 'TLSv1.2' })).toBe(200);
  const old = { minVersion: 'TLSv1', ciphers: 'ALL:@SECLEVEL=0' };
  await expect(answered({ ...old, maxVersion: 'TLSv1.1' })).rejects.toThrow();
  for (const ciphers of [
    'AES128-GCM-SHA256',
    'ECDHE-ECDSA-AES128-SHA',
    'ECDHE-ECDSA-AES128-SHA256',
  ]) {
    await expect(answered({ ...old, maxVersion: 'TLSv1.2', ciphers })).rejects.toThrow();
  }
});
