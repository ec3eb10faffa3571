import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  copyFileSync,
  mkdtempSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { checkServerIdentity, connect, createServer, type TLSSocket } from 'node:tls';
import { expect, it, onTestFinished } from 'vitest';
import { createSitePki, openSitePki } from '../../gateway/pki/site-pki.ts';

const now = Date.now();
const day = 86_400_000;

it('makes a site whose keys only its owner reads', async () => {
  const site = await makeSite();
  const modes = Object.fromEntries(
    readdirSync(join(site, 'pki')).map((name) => [name, modeOf(join(site, 'pki', name))]),
  );
  expect(modes).toEqual({
    'root-authority.key': '600',
    'root-authority.pem': '644',
    'root-authority.crl': '644',
    'issuing-authority.key': '600',
    'issuing-authority.pem': '644',
    'gateway-server.key': '600',
    'gateway-server.pem': '644',
  });
  expect(modeOf(join(site, 'pki'))).toBe('700');
  expect(readdirSync(site)).toEqual(['pki']);
});

it('shows a client the issuing authority as well, which no client has', async () => {
  const pki = openSitePki(await makeSite());
  expect(pki.server.cert.match(/BEGIN CERTIFICATE/g)).toHaveLength(2);
  expect(pki.server.cert.endsWith(pki.trust[1] ?? '')).toBe(true);
});

it('refuses to make a second PKI in one site, and leaves the first as it was', async () => {
  const site = await makeSite();
  const before = openSitePki(site).rootPem;
  await expect(
    createSitePki({ directory: site, site: 'other', hosts: ['localhost'], now }),
  ).rejects.toMatchObject({ code: 'site-exists' });
  expect(openSitePki(site).rootPem).toBe(before);
});

it('makes one PKI when two processes make it at once', async () => {
  const site = makeDirectory();
  const order = { directory: site, site: 'ward-3b', hosts: ['localhost'], now };
  const results = await Promise.allSettled([createSitePki(order), createSitePki(order)]);
  expect(results.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
  expect(results).toContainEqual({ status: 'rejected', reason: failure('site-exists') });
  expect(readdirSync(site)).toEqual(['pki']);
  expect(() => openSitePki(site)).not.toThrow();
});

it.each([
  ['a wildcard', { hosts: ['*.ward'] }],
  ['no host', { hosts: [] }],
  ['a site name that is no name', { site: 'ward\u00003' }],
  ['a site name too long for a certificate', { site: 'w'.repeat(60) }],
])('leaves nothing behind when it refuses %s', async (_, wrong) => {
  const site = makeDirectory();
  await expect(
    createSitePki({ directory: site, site: 'ward-3b', hosts: ['localhost'], now, ...wrong }),
  ).rejects.toMatchObject({ code: 'certificate-refused' });
  expect(readdirSync(site)).toEqual([]);
});

it('is the gateway’s by every name and address it was given', async () => {
  const site = makeDirectory();
  const hosts = ['Gateway.Ward-3b.example', '127.0.0.1', '::1', 'gateway.ward-3b.example'];
  await createSitePki({ directory: site, site: 'ward-3b', hosts, now });
  const pki = openSitePki(site);
  const device = await pki.issueDevice('oxi-12', { now });
  const client = { key: device.privateKeyPem, cert: device.chainPem, ca: pki.rootPem };
  for (const servername of ['gateway.ward-3b.example', '127.0.0.1', '::1'])
    expect(await meet(site, { ...client, servername })).toEqual({ device: 'oxi-12' });
  expect(await meet(site, { ...client, servername: 'ward-3b.example' })).toEqual({
    refused: 'ERR_TLS_CERT_ALTNAME_INVALID',
  });
});

it('lets a device in by what it shows, and nobody without it', async () => {
  const site = await makeSite();
  const pki = openSitePki(site);
  const device = await pki.issueDevice('oxi-12', { key: 'rsa-2048', now });
  const other = openSitePki(await makeSite());
  const stranger = await other.issueDevice('oxi-12', { now });
  const key = device.privateKeyPem;
  const ca = pki.rootPem;
  expect(await meet(site, { key, cert: device.chainPem, ca })).toEqual({ device: 'oxi-12' });
  expect(await meet(site, { key, cert: device.certificatePem, ca })).toEqual({ device: 'oxi-12' });
  expect(await meet(site, { ca })).toMatchObject({ refused: expect.any(String) });
  expect(
    await meet(site, { key: stranger.privateKeyPem, cert: stranger.chainPem, ca }),
  ).toMatchObject({ refused: expect.any(String) });
  expect(await meet(site, { key, cert: device.chainPem, ca: other.rootPem })).toMatchObject({
    refused: expect.any(String),
  });
});

it('lets no device in whose certificate expired', async () => {
  const site = makeDirectory();
  await createSitePki({ directory: site, site: 'old', hosts: ['localhost'], now: now - 400 * day });
  const pki = openSitePki(site);
  const expired = await pki.issueDevice('oxi-12', { now: now - 398 * day });
  const fresh = await pki.issueDevice('oxi-12', { now });
  const server = await pki.issueServer(['localhost'], { now });
  const served = { key: server.privateKeyPem, cert: server.chainPem };
  const ca = pki.rootPem;
  expect(await meet(site, { key: fresh.privateKeyPem, cert: fresh.chainPem, ca }, served)).toEqual({
    device: 'oxi-12',
  });
  expect(
    await meet(site, { key: expired.privateKeyPem, cert: expired.chainPem, ca }, served),
  ).toMatchObject({ refused: expect.any(String) });
});

it('issues nothing once its issuing authority expired', async () => {
  const pki = openSitePki(await makeSite());
  await expect(pki.issueDevice('oxi-12', { now: now + 1_827 * day })).rejects.toMatchObject({
    code: 'certificate-refused',
    message: expect.stringContaining('issuer-expired: '),
  });
});

it('issues no certificate that outlives its authority', async () => {
  const pki = openSitePki(await makeSite());
  const late = await pki.issueDevice('oxi-12', { now: now + 1_800 * day });
  expect(late.notAfter).toBeLessThanOrEqual(now + 1_826 * day);
  expect(late.notBefore).toBe(Math.floor((now + 1_800 * day) / 1_000) * 1_000 - 300_000);
});

it('works on when the root’s key was taken offline', async () => {
  const site = await makeSite();
  rmSync(join(site, 'pki/root-authority.key'));
  await expect(openSitePki(site).issueDevice('oxi-12', { now })).resolves.toHaveProperty(
    'chainPem',
  );
});

it.each([
  'issuing-authority.key',
  'issuing-authority.pem',
  'root-authority.pem',
  'gateway-server.key',
  'gateway-server.pem',
])('does not open without %s, nor with another site’s', async (name) => {
  const site = await makeSite();
  const other = await makeSite();
  const path = join(site, 'pki', name);
  copyFileSync(join(other, 'pki', name), path);
  expect(() => openSitePki(site)).toThrow(failure('secret-missing'));
  rmSync(path);
  expect(() => openSitePki(site)).toThrow(failure('secret-missing'));
  writeFileSync(path, 'damaged', { mode: 0o600 });
  expect(() => openSitePki(site)).toThrow(failure('secret-missing'));
});

it.each(['issuing-authority.key', 'gateway-server.key'])(
  'does not open when others may read %s',
  async (name) => {
    const site = await makeSite();
    chmodSync(join(site, 'pki', name), 0o640);
    expect(() => openSitePki(site)).toThrow(failure('secret-exposed'));
  },
);

it('does not open a folder into which others may write', async () => {
  const site = await makeSite();
  chmodSync(join(site, 'pki'), 0o770);
  expect(() => openSitePki(site)).toThrow(failure('secret-exposed'));
  renameSync(join(site, 'pki'), join(site, 'gone'));
  expect(() => openSitePki(site)).toThrow(failure('secret-missing'));
});

it('is what openssl calls a strict chain, for keys of every kind', async () => {
  const site = await makeSite();
  const pki = openSitePki(site);
  for (const key of ['ecdsa-p256', 'rsa-2048', 'rsa-3072'] as const) {
    const issued = await pki.issueDevice('oxi-12', { key, now });
    writeFileSync(join(site, 'device.pem'), issued.chainPem);
    const answer = execFileSync('openssl', [
      ...['verify', '-x509_strict', '-auth_level', '2', '-purpose', 'sslclient'],
      ...['-CAfile', join(site, 'pki/root-authority.pem')],
      ...['-untrusted', join(site, 'device.pem'), join(site, 'device.pem')],
    ]);
    expect(answer.toString()).toContain(': OK');
  }
});

it('gives every certificate a number and a print of its own', async () => {
  const pki = openSitePki(await makeSite());
  const issued = await Promise.all(
    Array.from({ length: 20 }, () => pki.issueDevice('oxi-12', { now })),
  );
  expect(new Set(issued.map(({ serialNumber }) => serialNumber)).size).toBe(20);
  expect(new Set(issued.map(({ fingerprint256 }) => fingerprint256)).size).toBe(20);
});

async function makeSite(): Promise<string> {
  const site = makeDirectory();
  await createSitePki({ directory: site, site: 'ward-3b', hosts: ['localhost'], now });
  return site;
}

function makeDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), 'wardgate-site-'));
  onTestFinished(() => rmSync(directory, { recursive: true }));
  return directory;
}

interface Client {
  readonly key?: string | undefined;
  readonly cert?: string | undefined;
  readonly ca: string;
  readonly servername?: string;
}

/** A client meets the site's server: whom the server saw, or why one of them refused. */
async function meet(
  site: string,
  { key, cert, ca, servername = 'localhost' }: Client,
  served?: { key: string | undefined; cert: string },
): Promise<{ device: string } | { refused: string }> {
  const pki = openSitePki(site);
  const server = createServer({
    key: served?.key ?? pki.server.key,
    cert: served?.cert ?? pki.server.cert,
    ca: [...pki.trust],
    requestCert: true,
    rejectUnauthorized: true,
  });
  onTestFinished(() => void server.close());
  const outcome = Promise.withResolvers<{ device: string } | { refused: string }>();
  const refuse = (error: NodeJS.ErrnoException) =>
    outcome.resolve({ refused: error.code ?? error.message });
  server.on('secureConnection', (socket: TLSSocket) => {
    const subject = socket.getPeerCertificate().subject.CN;
    socket.on('error', () => {}).end(String(subject));
  });
  server.on('tlsClientError', refuse);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const identity = key !== undefined && cert !== undefined ? { key, cert } : {};
  const client = connect({
    ...identity,
    ca,
    port,
    host: '127.0.0.1',
    servername: 'localhost',
    checkServerIdentity: (_, certificate) => checkServerIdentity(servername, certificate),
  });
  client.on('error', refuse);
  client.on('data', (data) => outcome.resolve({ device: data.toString() }));
  const result = await outcome.promise;
  client.destroy();
  return result;
}

function modeOf(path: string): string {
  return (statSync(path).mode & 0o777).toString(8);
}

function failure(code: string) {
  return expect.objectContaining({ code });
}
