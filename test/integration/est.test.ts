import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, vi } from 'vitest';
import type { AuditRecord } from '../../gateway/core/audit-entry.ts';
import type { DeviceId } from '../../gateway/core/device.ts';
import { connect, publish } from '../../gateway/players/mqtt-packets.ts';
import { RawClient } from '../../gateway/players/raw-mqtt-client.ts';
import { openSiteStore } from '../../gateway/site/site.ts';
import { createEnrolmentToken } from '../../gateway/trust/enrolment.ts';
import { posting, startEnrolledSite } from '../support/enrolled-site.ts';

// Every test starts a gateway of its own, and curl and openssl many times.
vi.setConfig({ testTimeout: 60_000 });

const monitor = 'generic-vital-signs-monitor';
const est = '/.well-known/est';
const simpleenroll = `${est}/simpleenroll`;
const simplereenroll = `${est}/simplereenroll`;

/** As `device token` makes one. */
function newToken(directory: string, id: string): string {
  const { store } = openSiteStore(directory);
  try {
    const { token, ...kept } = createEnrolmentToken(Date.now());
    store.devices.setToken(id as DeviceId, kept);
    return token;
  } finally {
    store.close();
  }
}

function auditOf(directory: string, action: string): readonly AuditRecord[] {
  const { store } = openSiteStore(directory);
  try {
    return store.audit.list().filter((entry) => entry.action === action);
  } finally {
    store.close();
  }
}

it('gives out the authorities, a first certificate for a token, and the next one for that', async () => {
  const site = await startEnrolledSite({ 'oxi-12': monitor });
  const { directory, curl, openssl, file } = site;

  const cacerts = await curl(`${est}/cacerts`);
  expect(cacerts.status).toBe(200);
  expect(cacerts.headers).toMatch(/content-type: application\/pkcs7-mime/i);
  expect(cacerts.headers).toMatch(/content-transfer-encoding: base64/i);
  writeFileSync(file('ca.p7'), Buffer.from(cacerts.body, 'base64'));
  const listed = await openssl('pkcs7', '-inform', 'DER', '-print_certs', '-in', file('ca.p7'));
  expect(listed).toContain(site.rootPem.trim());
  expect(listed.match(/BEGIN CERTIFICATE/g)).toHaveLength(2);

  const token = newToken(directory, 'oxi-12');
  const request = await site.request('first', '/CN=oxi-12');
  const words = ['--user', `oxi-12:${token}`, ...posting(request)];
  const first = await curl(simpleenroll, ...words);
  expect(first.status).toBe(200);
  const certificate = await site.unpack(first, 'first');
  const root = join(directory, 'pki/root-authority.pem');
  const verified = await openssl(
    ...['verify', '-x509_strict', '-auth_level', '2', '-purpose', 'sslclient', '-CAfile', root],
    ...['-untrusted', file('first.pem'), file('first.pem')],
  );
  expect(verified).toContain(': OK');
  const client = await RawClient.connected(site.mqttPort, site.rootPem, certificate);
  client.send(publish('devices/oxi-12/observations', '{}'));
  expect((await client.next())?.at(0)).toBe(0x40);

  // A replayed token is worth nothing.
  expect((await curl(simpleenroll, ...words)).status).toBe(401);

  const again = await site.request('second', '/CN=oxi-12');
  const shown = ['--cert', file('first.pem'), '--key', file('first.key')];
  const second = await curl(simplereenroll, ...shown, ...posting(again));
  expect(second.status).toBe(200);
  const renewed = await site.unpack(second, 'second');

  // The device goes over to its new certificate while the old connection still stands.
  const successor = await RawClient.connected(site.mqttPort, site.rootPem, renewed);
  await client.closed;
  successor.send(publish('devices/oxi-12/observations', '{}'));
  expect((await successor.next())?.at(0)).toBe(0x40);

  const entries = auditOf(directory, 'device.enrol');
  expect(entries.map(({ outcome, actor }) => [outcome, actor])).toEqual([
    ['success', 'device:oxi-12'],
    ['failure', 'address:127.0.0.1'],
    ['success', 'device:oxi-12'],
  ]);
});

it('issues one certificate for a token that is used many times at once', async () => {
  const site = await startEnrolledSite({ 'oxi-12': monitor });
  const token = newToken(site.directory, 'oxi-12');
  const request = await site.request('one', '/CN=oxi-12');
  const answers = await Promise.all(
    Array.from({ length: 8 }, () =>
      site.curl(simpleenroll, '--user', `oxi-12:${token}`, ...posting(request)),
    ),
  );
  expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
  const { store } = openSiteStore(site.directory);
  const certificates = store.certificates.of('oxi-12', ['enrolled-device']);
  store.close();
  expect(certificates).toHaveLength(1);
});

describe('refuses, and says why in the audit,', () => {
  it('every request that is not the device’s own', async () => {
    const site = await startEnrolledSite({ 'oxi-12': monitor, 'vent-2': monitor });
    const { directory, curl, file } = site;
    const token = newToken(directory, 'oxi-12');
    const ask = (request: string, user = `oxi-12:${token}`) =>
      curl(simpleenroll, '--user', user, ...posting(request));
    const good = await site.request('good', '/CN=oxi-12');
    const damaged = Buffer.from(good, 'base64');
    damaged[damaged.length - 1] = (damaged.at(-1) ?? 0) ^ 1;
    const rsa = ['-newkey', 'rsa:1024'];
    const foreign = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256'];
    const names = ['-addext', 'subjectAltName=URI:urn:wardgate:device:vent-2'];
    const authority = ['-addext', 'basicConstraints=critical,CA:TRUE'];
    const cases = [
      [damaged.toString('base64'), 'request-signature'],
      [await site.request('other', '/CN=vent-2'), 'request-name'],
      [await site.request('nobody', '/O=ward'), 'request-name'],
      [await site.request('uri', '/CN=oxi-12', ...foreign, ...names), 'request-name'],
      [await site.request('ca', '/CN=oxi-12', ...foreign, ...authority), 'request-authority'],
      [await site.request('weak', '/CN=oxi-12', ...rsa), 'key-algorithm'],
      [Buffer.from('no request').toString('base64'), 'unreadable'],
    ] as const;
    for (const [request, lint] of cases) {
      expect(await ask(request)).toMatchObject({
        status: 422,
        body: expect.stringContaining(lint),
      });
    }
    const entries = auditOf(directory, 'device.enrol');
    expect(entries).toMatchObject(
      cases.map(([, lint]) => ({
        outcome: 'failure',
        object: 'oxi-12',
        detail: expect.stringContaining(lint),
      })),
    );
    // None of it spent the token.
    expect((await ask(good)).status).toBe(200);

    const other = newToken(directory, 'vent-2');
    // Another device's token; then the address has to wait.
    expect((await ask(good, `oxi-12:${other}`)).status).toBe(401);
    const vent = ['--user', `vent-2:${other}`];
    const own = await site.request('vent', '/CN=vent-2');
    let answer = await curl(simpleenroll, ...vent, ...posting(own));
    while (answer.status === 429) answer = await curl(simpleenroll, ...vent, ...posting(own));
    await site.unpack(answer, 'vent');
    const shown = ['--cert', file('vent.pem'), '--key', file('vent.key')];
    const borrowed = await curl(simplereenroll, ...shown, ...posting(good));
    expect(borrowed).toMatchObject({ status: 422, body: expect.stringContaining('request-name') });
  });

  it('whoever shows no certificate for the next one, or one of another site', async () => {
    const site = await startEnrolledSite({ 'oxi-12': monitor });
    const elsewhere = await startEnrolledSite({ 'oxi-12': monitor });
    const token = newToken(elsewhere.directory, 'oxi-12');
    const request = await elsewhere.request('one', '/CN=oxi-12');
    const answer = await elsewhere.curl(
      simpleenroll,
      '--user',
      `oxi-12:${token}`,
      ...posting(request),
    );
    await elsewhere.unpack(answer, 'one');
    expect((await site.curl(simplereenroll, ...posting(request))).status).toBe(401);
    const shown = ['--cert', elsewhere.file('one.pem'), '--key', elsewhere.file('one.key')];
    expect((await site.curl(simplereenroll, ...shown, ...posting(request))).status).toBe(401);
    await site.gateway.stop();
    const entries = auditOf(site.directory, 'access.refused');
    const chain = /SELF_SIGNED_CERT_IN_CHAIN|UNABLE_TO_GET_ISSUER_CERT|UNABLE_TO_VERIFY/;
    const of = (wanted: string) => entries.filter(({ object }) => object === wanted);
    expect(entries).toHaveLength(2);
    expect(of('interface')).toMatchObject([
      { outcome: 'failure', detail: 'certificate.renew (2)' },
    ]);
    expect(of('connection')).toMatchObject([
      { outcome: 'failure', detail: expect.stringMatching(chain) },
    ]);
  });

  it('a wrong token, and whoever guesses on has to wait', async () => {
    const site = await startEnrolledSite({ 'oxi-12': monitor });
    newToken(site.directory, 'oxi-12');
    const request = await site.request('one', '/CN=oxi-12');
    const guess = (user: string) => site.curl(simpleenroll, '--user', user, ...posting(request));
    const wrong = await guess('oxi-12:guess');
    expect(wrong.status).toBe(401);
    expect(wrong.headers).toMatch(/www-authenticate: Basic/i);
    const tooSoon = await guess('oxi-12:guess');
    expect(tooSoon.status).toBe(429);
    expect(tooSoon.headers).toMatch(/retry-after: 1\r/i);
    const entries = auditOf(site.directory, 'device.enrol');
    expect(entries).toMatchObject([
      { outcome: 'failure', detail: expect.stringContaining('token') },
    ]);
  });

  it('what is not base64 of the right type', async () => {
    const site = await startEnrolledSite({ 'oxi-12': monitor });
    const user = ['--user', 'oxi-12:x'];
    const pem = '-----BEGIN CERTIFICATE REQUEST-----';
    expect((await site.curl(simpleenroll, ...user, ...posting(pem))).status).toBe(422);
    const json = ['--header', 'Content-Type: application/json', '--data', '{}'];
    expect((await site.curl(simpleenroll, ...user, ...json)).status).toBe(415);
    expect((await site.curl(simpleenroll, ...posting('AAAA'))).status).toBe(401);
    expect((await site.curl(`${est}/csrattrs`)).status).toBe(404);
  });
});

it('is not let in over MQTT under another id by its certificate', async () => {
  const site = await startEnrolledSite({ 'oxi-12': monitor, 'vent-2': monitor });
  const token = newToken(site.directory, 'oxi-12');
  const request = await site.request('one', '/CN=oxi-12');
  const answer = await site.curl(simpleenroll, '--user', `oxi-12:${token}`, ...posting(request));
  const client = await RawClient.open(
    site.mqttPort,
    site.rootPem,
    await site.unpack(answer, 'one'),
  );
  client.send(connect({ clientId: 'vent-2' }));
  expect((await client.next())?.toString('hex')).toBe('20020002');
});
