import { expect, it } from 'vitest';
import { z } from 'zod';
import { healthRoutes } from '../../gateway/api/health.ts';
import { startHttpsServer } from '../../gateway/api/https-server.ts';
import { answer, answerBytes, defineRoute } from '../../gateway/api/route.ts';
import { GatewayError } from '../../gateway/core/error.ts';
import { makeHospitalCertificate } from '../support/hospital-certificate.ts';
import { startHttps } from '../support/https-under-test.ts';
import { host } from '../support/site.ts';

const problemType = { 'content-type': 'application/problem+json; charset=utf-8' };

/** A bed that answers what it was asked, for whoever may see devices. */
const bed = defineRoute({
  method: 'POST',
  path: '/api/v1/beds/:id',
  action: 'device.read',
  summary: 'A bed.',
  parameters: z.strictObject({ id: z.string().max(8) }),
  query: z.strictObject({ count: z.coerce.number().int().max(9).optional() }),
  body: z.strictObject({ name: z.string() }),
  answer: z.object({ id: z.string(), name: z.string(), count: z.number().optional() }),
  handle: ({ parameters, query, body }) =>
    answer({ ...parameters, ...query, ...body, secret: 'stays here' }, 201),
});

it('says that the gateway runs, and whether it keeps what it takes', async () => {
  let isReady = true;
  const { ask } = await startHttps(healthRoutes(() => isReady));
  expect(await ask('/healthz')).toMatchObject({ status: 200, text: 'ok\n' });
  expect(await ask('/readyz')).toMatchObject({ status: 200 });
  expect(await ask('/readyz', { method: 'HEAD' })).toMatchObject({ status: 200, text: '' });
  isReady = false;
  expect(await ask('/readyz')).toMatchObject({ status: 503 });
});

it('answers what it does not know with a problem', async () => {
  const { ask } = await startHttps(healthRoutes(() => true));
  expect(await ask('/')).toMatchObject({ status: 404, headers: problemType });
  expect(await ask('/healthz/')).toMatchObject({ status: 404 });
  expect(await ask('/healthz', { method: 'POST' })).toMatchObject({
    status: 405,
    headers: { ...problemType, allow: 'GET' },
  });
});

it('gives a route what it declares and lets nothing else in or out', async () => {
  const { ask } = await startHttps([bed]);
  const asking = { method: 'POST', as: 'viewer', body: { name: 'window' } } as const;
  const reply = await ask('/api/v1/beds/7?count=2', asking);
  expect(reply.status).toBe(201);
  expect(reply.json()).toEqual({ id: '7', name: 'window', count: 2 });
  expect(await ask('/api/v1/beds/7?count=many', asking)).toMatchObject({ status: 422 });
  expect(await ask('/api/v1/beds/7?other=1', asking)).toMatchObject({ status: 422 });
  expect(await ask('/api/v1/beds/123456789', asking)).toMatchObject({ status: 422 });
  expect(await ask('/api/v1/beds/7', { ...asking, body: { name: 'a', x: 1 } })).toMatchObject({
    status: 422,
    headers: problemType,
  });
});

it('asks who it is and whether he may, before it reads a body', async () => {
  const { ask, refused } = await startHttps([bed]);
  const nobody = await ask('/api/v1/beds/7', { method: 'POST', body: { name: 1 } });
  expect(nobody).toMatchObject({ status: 401, headers: problemType });
  expect(nobody.json()).toMatchObject({ code: 'unauthenticated', status: 401 });
  const device = await ask('/api/v1/beds/7', { method: 'POST', as: 'device', body: { name: 1 } });
  expect(device).toMatchObject({ status: 403 });
  expect(refused.map(({ reason }) => reason)).toEqual(['unknown', 'role']);
});

it('takes bytes only of the media types a route names', async () => {
  const route = defineRoute({
    method: 'POST',
    path: '/bytes',
    action: 'health.read',
    summary: 'Bytes.',
    takes: ['application/pkcs10'],
    body: z.instanceof(Uint8Array),
    handle: ({ body }) => answerBytes('text/plain', `${body.length}`),
  });
  const { ask } = await startHttps([route]);
  const post = (type: string) =>
    ask('/bytes', { method: 'POST', body: 'four', headers: { 'content-type': type } });
  expect(await post('application/pkcs10')).toMatchObject({ status: 200, text: '4' });
  expect(await post('text/plain')).toMatchObject({ status: 415 });
  expect(await post('application/json')).toMatchObject({ status: 400 });
});

it('tells a failure of the site by its code, and a fault of ours by nothing', async () => {
  const path = (name: string, fail: () => never) =>
    defineRoute({ method: 'GET', path: name, action: 'health.read', summary: name, handle: fail });
  const { ask, faults } = await startHttps([
    path('/known', () => {
      throw new GatewayError('device-unknown', 'mon-9 is not registered');
    }),
    path('/inside', () => {
      throw new GatewayError('secret-missing', '/site/pki/a.key');
    }),
    path('/fault', () => {
      throw new TypeError('the patient’s name');
    }),
  ]);
  const known = await ask('/known');
  expect(known.status).toBe(404);
  expect(known.json()).toMatchObject({ code: 'device-unknown', detail: 'mon-9 is not registered' });
  const inside = await ask('/inside');
  expect(inside.status).toBe(500);
  expect(inside.text).not.toContain('/site');
  const fault = await ask('/fault');
  expect(fault.json()).toMatchObject({ status: 500, code: 'fault' });
  expect(fault.text).not.toContain('patient');
  expect(faults).toEqual(['TypeError']);
});

it('ends a stream when its session is over', async () => {
  const route = defineRoute({
    method: 'GET',
    path: '/stream',
    action: 'event.read',
    summary: 'Ticks.',
    isStream: true,
    handle: ({ signal }) => answerBytes('text/event-stream', endless(signal)),
  });
  const { open, end } = await startHttps([route]);
  const response = await open('/stream', { as: 'viewer' });
  const all = response.toArray();
  end(({ role }) => role === 'viewer');
  expect(Buffer.concat(await all).toString()).toBe('begun');
});

async function* endless(signal: AbortSignal): AsyncGenerator<string> {
  yield 'begun';
  await new Promise((resolve) => signal.addEventListener('abort', resolve));
}

it('says so when its port is taken', async () => {
  const { port } = await startHttps([]);
  const { key, cert } = await makeHospitalCertificate();
  const second = startHttpsServer({
    ...{ host, port, tls: { key, cert }, routes: [] },
    principalOf: async () => undefined,
    onRefused: () => {},
    onNoticed: () => {},
    log: () => {},
  });
  await expect(second).rejects.toMatchObject({ code: 'port-busy' });
});
