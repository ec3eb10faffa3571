import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { request } from 'node:https';
import { expect, it, onTestFinished } from 'vitest';
import { startHttpsServer } from '../../gateway/api/https-server.ts';
import { makeHospitalCertificate } from '../support/hospital-certificate.ts';

const tls = await makeHospitalCertificate();
const host = '127.0.0.1';

async function start(isReady = () => true) {
  const server = await startHttpsServer({ host, port: 0, tls, isReady });
  onTestFinished(() => server.close());
  return server;
}

async function ask(port: number, path: string, options: object = {}) {
  const asked = request({ host, port, path, ca: tls.ca, agent: false, ...options }).end();
  const [response] = (await once(asked, 'response')) as [IncomingMessage];
  const body = Buffer.concat(await response.toArray()).toString();
  return { status: response.statusCode, body, headers: response.headers };
}

it('says that the gateway runs, and whether it keeps what it takes', async () => {
  let isReady = true;
  const { port } = await start(() => isReady);
  expect(await ask(port, '/healthz')).toMatchObject({ status: 200, body: 'ok\n' });
  expect(await ask(port, '/readyz')).toMatchObject({ status: 200 });
  isReady = false;
  expect(await ask(port, '/readyz')).toMatchObject({ status: 503 });
});

it('answers everything else with a problem', async () => {
  const { port } = await start();
  const headers = { 'content-type': 'application/problem+json' };
  expect(await ask(port, '/')).toMatchObject({ status: 404, headers });
  expect(await ask(port, '/healthz', { method: 'POST' })).toMatchObject({ status: 405, headers });
});

it('speaks no old TLS and says so when its port is taken', async () => {
  const { port } = await start();
  await expect(
    ask(port, '/healthz', { maxVersion: 'TLSv1.1', minVersion: 'TLSv1' }),
  ).rejects.toThrow();
  const second = startHttpsServer({ host, port, tls, isReady: () => true });
  await expect(second).rejects.toMatchObject({ code: 'port-busy' });
});
