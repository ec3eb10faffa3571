import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { connect as connectTls, type TLSSocket } from 'node:tls';
import { promisify } from 'node:util';
import { expect, it, onTestFinished, vi } from 'vitest';
import type { SubscriberKind } from '../../gateway/pki/site-pki.ts';
import { openSitePki } from '../../gateway/pki/site-pki.ts';
import { connect, packet, publish } from '../../gateway/players/mqtt-packets.ts';
import { RawClient } from '../../gateway/players/raw-mqtt-client.ts';
import { openSiteStore } from '../../gateway/site/site.ts';
import { deviceKinds, revoke } from '../../gateway/trust/certificate-calls.ts';
import { wardgateJson } from '../support/command.ts';
import { type EnrolledSite, startEnrolledSite } from '../support/enrolled-site.ts';
import type { Certificate } from '../support/mqtt-certificates.ts';
import { host } from '../support/site.ts';

// Every test starts a gateway of its own, and commands and openssl many times.
vi.setConfig({ testTimeout: 120_000 });

const dayMs = 86_400_000;
const analyser = 'generic-astm-analyser';
const run = promisify(execFile);

interface Issued extends Certificate {
  readonly serialNumber: string;
}

/** As `device enrol` does it, some days ago. */
async function issue(
  directory: string,
  id: string,
  {
    kind = 'device',
    daysAgo = 0,
  }: { readonly kind?: SubscriberKind; readonly daysAgo?: number } = {},
): Promise<Issued> {
  const pki = openSitePki(directory);
  const issued = await pki.issue(kind, id, { now: Date.now() - daysAgo * dayMs });
  const { serialNumber, fingerprint256: fingerprint, notBefore, notAfter } = issued;
  const { store } = openSiteStore(directory);
  store.certificates.add({ kind, subject: id, serialNumber, fingerprint, notBefore, notAfter });
  store.close();
  return { key: issued.privateKeyPem ?? '', cert: issued.chainPem, serialNumber };
}

/** A client whose CONNECT is answered; undefined when nobody answered. */
async function answerTo(site: EnrolledSite, id: string, tls: object): Promise<string | undefined> {
  const socket = connectTls({ host, port: site.mqttPort, ca: site.rootPem, ...tls });
  socket.on('error', () => {});
  socket.write(connect({ clientId: id }));
  const heard: Buffer[] = [];
  socket.on('data', (chunk: Buffer) => {
    heard.push(chunk);
    socket.destroy();
  });
  await once(socket, 'close');
  return heard[0]?.toString('hex');
}

it('ends what a revoked certificate has open within two seconds, and nobody else’s', async () => {
  const site = await startEnrolledSite({ 'oxi-12': monitor, 'vent-2': monitor, 'lab-1': analyser });
  const { directory } = site;
  const [stolen, good, lab] = [
    await issue(directory, 'oxi-12'),
    await issue(directory, 'vent-2'),
    await issue(directory, 'lab-1'),
  ];
  // A session to resume: TLS 1.2 and 1.3 both.
  const sessions = await Promise.all(
    (['TLSv1.2', 'TLSv1.3'] as const).map((version) => sessionOf(site, stolen, version)),
  );
  const client = await RawClient.connected(site.mqttPort, site.rootPem, stolen, {
    clientId: 'oxi-12',
  });
  const other = await RawClient.connected(site.mqttPort, site.rootPem, good, {
    clientId: 'vent-2',
  });
  const { mllpPort } = await site.gateway.event({ event: 'gateway.ready' });
  const line = connectTls({ host, port: mllpPort as number, ca: site.rootPem, ...lab });
  line.on('error', () => {});
  await site.gateway.event({ event: 'line.opened' });

  const lineClosed = once(line, 'close');
  const revokedAt = performance.now();
  revokeFrom(directory, 'oxi-12');
  await client.closed;
  expect(performance.now() - revokedAt).toBeLessThan(2_000);
  await wardgateJson('device', 'revoke', 'lab-1', '--dir', directory);
  await lineClosed;
  await site.gateway.event({ event: 'line.closed', device: 'lab-1', cause: 'distrusted' });

  // Neither a new handshake nor a resumed one; and whoever else was connected still is.
  expect(await answerTo(site, 'oxi-12', stolen)).toBeUndefined();
  for (const session of sessions) {
    expect(await answerTo(site, 'oxi-12', { ...stolen, session })).toBeUndefined();
  }
  other.send(publish('devices/vent-2/observations', '{}'));
  expect((await other.next())?.at(0)).toBe(0x40);

  await listsAndAnswers(site, stolen, good);
  await site.gateway.stop();
  expect(refusalsOf(directory)).toContainEqual(
    expect.objectContaining({
      actor: 'address:127.0.0.1',
      detail: expect.stringContaining('certificate-revoked'),
    }),
  );
});

/** As the command does it, in a process that is not the gateway's. */
function revokeFrom(
  directory: string,
  subject: string,
  kinds: readonly SubscriberKind[] = deviceKinds,
): void {
  const { store } = openSiteStore(directory);
  const by = { reason: 'key-compromise', actor: 'cli:test', at: Date.now() } as const;
  store.transact(() => revoke(store, { subject, kinds, ...by }));
  store.close();
}

/** The revocation list and the responder say the same, to openssl. */
async function listsAndAnswers(site: EnrolledSite, stolen: Issued, good: Issued): Promise<void> {
  const { file, directory, url, openssl } = site;
  const root = join(directory, 'pki/root-authority.pem');
  const issuing = join(directory, 'pki/issuing-authority.pem');
  writeFileSync(file('stolen.pem'), stolen.cert);
  writeFileSync(file('good.pem'), good.cert);
  const lists = ['issuing-authority', 'root-authority'];
  for (const name of lists) {
    const words = ['--silent', '--fail', '--cacert', root, '--output', file(`${name}.crl`)];
    await run('curl', [...words, `${url}/pki/${name}.crl`]);
    const pem = ['-inform', 'DER', '-in', file(`${name}.crl`), '-out', file(`${name}.crl.pem`)];
    await openssl('crl', ...pem);
  }
  const verify = (name: string) =>
    openssl(
      ...['verify', '-x509_strict', '-crl_check_all', '-purpose', 'sslclient', '-CAfile', root],
      ...lists.flatMap((list) => ['-CRLfile', file(`${list}.crl.pem`)]),
      ...['-untrusted', issuing, file(`${name}.pem`)],
    );
  expect(await verify('good')).toContain(': OK');
  await expect(verify('stolen')).rejects.toMatchObject({
    stderr: expect.stringContaining('certificate revoked'),
  });

  for (const [name, answer] of [
    ['stolen', /stolen\.pem: revoked[\s\S]*Reason: keyCompromise/],
    ['good', /good\.pem: good/],
  ] as const) {
    // With a nonce, which openssl wants to see again in the answer.
    const { stdout, stderr } = await run('openssl', [
      ...['ocsp', '-issuer', issuing, '-cert', file(`${name}.pem`), '-CAfile', root],
      ...['-url', `${url}/pki/ocsp`],
    ]);
    expect(stdout + stderr).toMatch(answer);
    expect(stderr).toContain('Response verify OK');
  }
}

it('ends the connections and streams that a revoked certificate has over HTTPS, and no others', async () => {
  const site = await startEnrolledSite({});
  const { directory, httpsPort } = site;
  const stolen = await issue(directory, 'watch-1', { kind: 'operator' });
  const good = await issue(directory, 'watch-2', { kind: 'operator' });
  const open = async (tls: Certificate, path: string) => {
    const socket = connectTls({ host, port: httpsPort, ca: site.rootPem, ...tls });
    onTestFinished(() => void socket.destroy());
    socket.on('error', () => {});
    const closed = new Promise((resolve) => socket.once('close', resolve));
    const ask = async () => {
      socket.write(`GET ${path} HTTP/1.1\r\nHost: gateway\r\n\r\n`);
      const [answer] = (await once(socket, 'data')) as [Buffer];
      return answer.toString('latin1').slice(0, 12);
    };
    expect(await ask()).toBe('HTTP/1.1 200');
    return { closed, ask };
  };
  const events = '/api/v1/events';
  const devices = '/api/v1/openapi.json';
  const [kept, stream] = [await open(stolen, devices), await open(stolen, events)];
  const [other, otherStream] = [await open(good, '/healthz'), await open(good, events)];
  let isOtherOver = false;
  void otherStream.closed.then(() => {
    isOtherOver = true;
  });

  const revokedAt = performance.now();
  revokeFrom(directory, 'watch-1', ['operator']);
  await Promise.all([kept.closed, stream.closed]);
  expect(performance.now() - revokedAt).toBeLessThan(2_000);
  expect(await other.ask()).toBe('HTTP/1.1 200');
  expect(isOtherOver).toBe(false);
});

it('lets an expired certificate in while a signed grace lasts, to publish and not to be told', async () => {
  // The gateway itself was without power for as long: it renews its own certificate first.
  const site = await startEnrolledSite(
    { 'oxi-12': monitor, 'vent-2': monitor },
    Date.now() - 100 * dayMs,
  );
  const { directory, gateway } = site;
  expect(gateway.events[0]).toMatchObject({ event: 'certificate.renewed' });
  const expired = await issue(directory, 'oxi-12', { kind: 'enrolled-device', daysAgo: 91 });
  const other = await issue(directory, 'vent-2', { kind: 'enrolled-device', daysAgo: 91 });
  expect(await answerTo(site, 'oxi-12', expired)).toBeUndefined();

  const reason = ['--reason', 'was in the store room'];
  await wardgateJson('device', 'grace', 'oxi-12', '--days', '1', ...reason, '--dir', directory);
  let client: RawClient | undefined;
  while (client === undefined) {
    const answer = await answerTo(site, 'oxi-12', expired);
    if (answer === '20020000')
      client = await RawClient.connected(site.mqttPort, site.rootPem, expired, {
        clientId: 'oxi-12',
      });
  }
  client.send(publish('devices/oxi-12/alerts', '{}'));
  expect((await client.next())?.at(0)).toBe(0x40);
  // SUBSCRIBE is refused (SUBACK 0x80): a grace is for what the device has to say.
  const filter = Buffer.from('devices/oxi-12/commands/#');
  client.send(packet(0x82, Buffer.from([0, 7, 0, filter.length]), filter, Buffer.of(0)));
  expect((await client.next())?.toString('hex')).toBe('9003000780');
  // It is that one certificate's and no other's.
  expect(await answerTo(site, 'vent-2', other)).toBeUndefined();
  await gateway.event({ event: 'certificate.grace-used', device: 'oxi-12' });

  // The way out of the grace is the next certificate.
  writeFileSync(site.file('old.pem'), expired.cert);
  writeFileSync(site.file('old.key'), expired.key);
  const request = await site.request('new', '/CN=oxi-12');
  const shown = ['--cert', site.file('old.pem'), '--key', site.file('old.key')];
  const type = ['--header', 'Content-Type: application/pkcs10', '--data', request];
  const renewed = await site.curl('/.well-known/est/simplereenroll', ...shown, ...type);
  expect(renewed.status).toBe(200);

  await wardgateJson('device', 'revoke', 'oxi-12', '--dir', directory);
  await client.closed;
  await gateway.stop();
  const { store } = openSiteStore(directory);
  const entries = store.audit.list();
  store.close();
  expect(entries).toContainEqual(
    expect.objectContaining({ action: 'device.grace-used', object: 'oxi-12', outcome: 'success' }),
  );
  expect(entries).toContainEqual(
    expect.objectContaining({
      action: 'access.refused',
      detail: expect.stringContaining('CERT_HAS_EXPIRED'),
    }),
  );
});

const monitor = 'generic-vital-signs-monitor';

function refusalsOf(directory: string) {
  const { store } = openSiteStore(directory);
  try {
    return store.audit.list().filter(({ action }) => action === 'access.refused');
  } finally {
    store.close();
  }
}

async function sessionOf(
  site: EnrolledSite,
  tls: Certificate,
  maxVersion: 'TLSv1.2' | 'TLSv1.3',
): Promise<Buffer> {
  const socket: TLSSocket = connectTls({
    host,
    port: site.mqttPort,
    ca: site.rootPem,
    maxVersion,
    ...tls,
  });
  onTestFinished(() => void socket.destroy());
  socket.on('error', () => {});
  socket.resume();
  const [session] = (await once(socket, 'session')) as [Buffer];
  socket.destroy();
  return session;
}
