import { execFileSync } from 'node:child_process';
import { createPublicKey, verify } from 'node:crypto';
import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { beforeAll, expect, it, onTestFinished } from 'vitest';
import fhir from '../../gateway/relays/fhir.ts';
import { makeHospitalCertificate, type TestCertificate } from '../support/hospital-certificate.ts';
import { outboxEntry, released } from '../support/released.ts';

let tls: TestCertificate;
beforeAll(async () => {
  tls = await makeHospitalCertificate();
});

const ecKey = () => openssl('EC', 'ec_paramgen_curve:P-384');
const rsaKey = () => openssl('RSA', 'rsa_keygen_bits:2048');

function openssl(algorithm: string, option: string): Buffer {
  return execFileSync('openssl', ['genpkey', '-algorithm', algorithm, '-pkeyopt', option], {
    stdio: ['ignore', 'pipe', 'ignore'],
  });
}

/** An authorization server and a FHIR server behind one port. */
async function startServer(key: Buffer, { expiresIn = 300, tokenStatus = 200 } = {}) {
  const assertions: Record<string, unknown>[] = [];
  const state = { taken: 'token-1', posts: [] as (string | undefined)[] };
  const publicKey = createPublicKey(key);
  const server = createServer({ key: tls.key, cert: tls.cert }, (request, response) => {
    void answer(request, response);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const url = `https://127.0.0.1:${(server.address() as AddressInfo).port}`;

  async function answer(request: IncomingMessage, response: ServerResponse) {
    const body = Buffer.concat(await request.toArray()).toString();
    if (request.url !== '/token') return answerFhir(request, body, response);
    const form = new URLSearchParams(body);
    const [head = '', claims = '', signature = ''] = form.get('client_assertion')?.split('.') ?? [];
    const isSigned = verify(
      'sha384',
      Buffer.from(`${head}.${claims}`),
      { key: publicKey, dsaEncoding: 'ieee-p1363' },
      Buffer.from(signature, 'base64url'),
    );
    const read = (part: string) => JSON.parse(Buffer.from(part, 'base64url').toString());
    assertions.push({ ...read(head), ...read(claims), ...Object.fromEntries(form), isSigned });
    response.writeHead(tokenStatus, { 'content-type': 'application/json' });
    const token = `token-${assertions.length}`;
    response.end(
      JSON.stringify({ access_token: token, token_type: 'bearer', expires_in: expiresIn }),
    );
  }

  function answerFhir(request: IncomingMessage, body: string, response: ServerResponse) {
    state.posts.push(request.headers.authorization);
    if (request.headers.authorization !== `Bearer ${state.taken}`) {
      return void response.writeHead(401).end();
    }
    const { entry } = JSON.parse(body) as { entry: unknown[] };
    response.writeHead(200, { 'content-type': 'application/fhir+json' });
    response.end(
      JSON.stringify({
        resourceType: 'Bundle',
        type: 'transaction-response',
        entry: entry.map(() => ({ response: { status: '201 Created' } })),
      }),
    );
  }

  const options = fhir.options.parse({
    url: `${url}/fhir`,
    ca: 'ca',
    oauth: { tokenUrl: `${url}/token`, clientId: 'gateway-1', key: 'key', keyId: 'k1' },
  });
  const connection = fhir.connect(options, {
    channel: 'data',
    now: () => Date.now(),
    readFile: () => Buffer.from(tls.ca),
    readSecret: () => key,
  });
  onTestFinished(() => connection.close());
  const send = (id: string) => connection.send([outboxEntry([released({ id })])]);
  return { url, assertions, state, send };
}

it.each([
  ['ES384', ecKey],
  ['RS384', rsaKey],
])('proves itself by an assertion signed with %s, and keeps the token', async (alg, keyOf) => {
  const { url, assertions, state, send } = await startServer(keyOf());
  for (const id of ['a', 'b']) expect(await send(id)).toEqual({ outcome: 'delivered' });
  expect(state.posts).toEqual(['Bearer token-1', 'Bearer token-1']);
  expect(assertions).toMatchObject([
    {
      ...{
        alg,
        kid: 'k1',
        iss: 'gateway-1',
        sub: 'gateway-1',
        aud: `${url}/token`,
        isSigned: true,
      },
      grant_type: 'client_credentials',
      client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
      scope: 'system/Observation.c system/Device.cu',
    },
  ]);
  const { iat, exp } = assertions[0] as { iat: number; exp: number };
  expect(exp - iat).toBeLessThanOrEqual(300);
  expect(Math.abs(iat - Date.now() / 1_000)).toBeLessThan(60);
});

it('asks for a new token once when the old one is not taken any more, by a new assertion', async () => {
  const { assertions, state, send } = await startServer(ecKey());
  await send('a');
  state.taken = 'token-2';
  expect(await send('b')).toEqual({ outcome: 'delivered' });
  state.taken = 'none';
  expect(await send('c')).toMatchObject({ outcome: 'retry', cause: 'HTTP 401' });
  // One of its own at the first, one for each that was not taken.
  expect(assertions).toHaveLength(3);
  expect(new Set(assertions.map(({ jti }) => jti)).size).toBe(3);
});

it('does not use a token up to its last moment', async () => {
  const { assertions, state, send } = await startServer(ecKey(), { expiresIn: 0.001 });
  await send('a');
  state.taken = 'token-2';
  expect(await send('b')).toEqual({ outcome: 'delivered' });
  expect(assertions).toHaveLength(2);
  expect(state.posts).toEqual(['Bearer token-1', 'Bearer token-2']);
});

it('keeps everything while no token is given, and sends nothing without one', async () => {
  const { state, send } = await startServer(ecKey(), { tokenStatus: 400 });
  expect(await send('a')).toEqual({ outcome: 'retry', cause: 'token: HTTP 400' });
  expect(state.posts).toEqual([]);
});

it('refuses a key that SMART does not name', async () => {
  await expect(startServer(openssl('EC', 'ec_paramgen_curve:P-256'))).rejects.toMatchObject({
    code: 'config-invalid',
  });
});
