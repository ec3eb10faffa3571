import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { connect as connectTls } from 'node:tls';
import { expect, it, vi } from 'vitest';
import type { AuditRecord } from '../../gateway/core/audit-entry.ts';
import type { DeviceId } from '../../gateway/core/device.ts';
import { openSitePki } from '../../gateway/pki/site-pki.ts';
import { connect } from '../../gateway/players/mqtt-packets.ts';
import { openSiteStore } from '../../gateway/site/site.ts';
import { deviceKinds, revoke } from '../../gateway/trust/certificate-calls.ts';
import { createEnrolmentToken } from '../../gateway/trust/enrolment.ts';
import { wardgateJson } from '../support/command.ts';
import { type EnrolledSite, posting, startEnrolledSite } from '../support/enrolled-site.ts';
import { makeClientCertificate } from '../support/hospital-certificate.ts';
import type { Certificate } from '../support/mqtt-certificates.ts';
import { host } from '../support/site.ts';

vi.setConfig({ testTimeout: 120_000 });

const dayMs = 86_400_000;
const analyser = 'generic-astm-analyser';
const id = 'lab-1';
const est = '/.well-known/est';
/** `ENQ` begins a session of ASTM; a device that is let in is answered. */
const firstWords = (site: EnrolledSite, linePort: number) =>
  [
    ['MQTT', site.mqttPort, connect({ clientId: id })],
    ['line', linePort, Buffer.of(0x05)],
    [
      'EST',
      site.httpsPort,
      Buffer.from(
        `POST ${est}/simplereenroll HTTP/1.1\r\nHost: gateway\r\nConnection: close\r\n` +
          'Content-Type: application/pkcs10\r\nContent-Length: 4\r\n\r\nAAAA',
      ),
    ],
  ] as const;

/** Nothing at all, a CONNACK that says no, or 401: hexadecimal. */
const unauthorised = Buffer.from('HTTP/1.1 401 ').toString('hex');
const refusal = new RegExp(`^(?:2002000[1-5]|${unauthorised}.*)?$`);

/** Everything that was heard until the gateway ended it, or until it answered. */
async function knock(site: EnrolledSite, port: number, tls: Certificate, words: Buffer) {
  // A client that would not refuse its own weak key.
  const lax = { ciphers: 'DEFAULT:@SECLEVEL=0' };
  const socket = connectTls({ host, port, ...lax, ...tls, ca: site.rootPem });
  // A reset is an end too.
  socket.on('error', () => {});
  socket.write(words);
  let heard = '';
  socket.on('data', (chunk: Buffer) => {
    heard += chunk.toString('hex');
    socket.destroy();
  });
  await new Promise((resolve) => socket.once('close', resolve));
  return heard;
}

it('lets nobody in by a bad certificate, at no port, and says each reason in the audit trail', async () => {
  // Made some time ago, so that there can be certificates that have expired.
  const site = await startEnrolledSite({ [id]: analyser }, Date.now() - 100 * dayMs);
  const { directory } = site;
  const { mllpPort } = await site.gateway.event({ event: 'gateway.ready' });
  const knocks = firstWords(site, Number(mllpPort));
  const pki = openSitePki(directory);
  const issued = async (daysAgo: number) => {
    const order = { now: Date.now() - daysAgo * dayMs };
    const { privateKeyPem = '', chainPem, ...rest } = await pki.issue('enrolled-device', id, order);
    return { key: privateKeyPem, cert: chainPem, ...rest };
  };
  const foreign = await makeClientCertificate(id);
  const server = await pki.issueServer([host], { now: Date.now() });
  const stolen = await issued(0);
  revokeIt(directory, stolen);
  const [, line] = knocks;
  // A running gateway hears of a revocation by another process a moment later.
  while ((await knock(site, line[1], stolen, line[2])) !== '');
  const uri = (name: string) => `subjectAltName=URI:urn:wardgate:device:${name}`;
  const forClients = 'extendedKeyUsage=clientAuth';
  const table: readonly (readonly [string, string, Certificate])[] = [
    ['expired', 'CERT_HAS_EXPIRED', await issued(91)],
    ['not yet valid', 'CERT_NOT_YET_VALID', await issued(-2)],
    ['of another authority', 'UNABLE_TO_VERIFY_LEAF_SIGNATURE', foreign],
    ['for a server', 'INVALID_PURPOSE', { key: server.privateKeyPem ?? '', cert: server.chainPem }],
    ['revoked', 'certificate-revoked', stolen],
    ['of two names', 'certificate-uri', await forge(site, uri('lab-2'), forClients)],
    ['of no name', 'certificate-uri', await forge(site, forClients)],
    ['of a weak key', 'certificate-weak-key', await forge(site, uri(id), forClients, 'rsa:1024')],
  ];
  for (const [what, , tls] of table) {
    for (const [port, number, words] of knocks) {
      const heard = await knock(site, number, tls, words);
      expect(heard, `${what} at ${port}`).toMatch(refusal);
    }
  }
  const refused = await badRequests(site);
  // The same knock with a good certificate is answered: it was the certificate. An analyser's own
  // port is the line; over MQTT it is nobody.
  const good = await issued(0);
  const [, ...answers] = await Promise.all(
    knocks.map(([, number, words]) => knock(site, number, good, words)),
  );
  const accepted = new RegExp(`^06,${Buffer.from('HTTP/1.1 422').toString('hex')}`);
  expect(answers.join()).toMatch(accepted);

  await site.gateway.stop();
  const words = ['audit', 'list', '--count', '1000', '--dir', directory];
  const entries = await wardgateJson<readonly AuditRecord[]>(...words);
  for (const [what, reason] of table) {
    const found = entries.filter(({ detail }) => detail.startsWith(`${reason} (`));
    expect(found[0], what).toMatchObject({ action: 'access.refused', outcome: 'failure' });
    // Counted by the minute, at each of the three ports.
    const count = found.reduce((sum, { detail }) => sum + Number(/\d+(?=\)$)/.exec(detail)), 0);
    expect(count, what).toBeGreaterThanOrEqual(knocks.length);
  }
  for (const reason of refused) {
    expect(entries).toContainEqual(
      expect.objectContaining({
        ...{ action: 'device.enrol', object: id, outcome: 'failure' },
        detail: expect.stringContaining(reason),
      }),
    );
  }
});

function revokeIt(directory: string, { serialNumber, fingerprint256, ...dates }: Issued): void {
  const { store } = openSiteStore(directory);
  const { notBefore, notAfter } = dates;
  const certificate = { serialNumber, fingerprint: fingerprint256, notBefore, notAfter };
  store.certificates.add({ kind: 'enrolled-device', subject: id, ...certificate });
  const by = { reason: 'key-compromise', actor: 'cli:test', at: Date.now() } as const;
  store.transact(() => revoke(store, { subject: id, kinds: deviceKinds, ...by }));
  store.close();
}

interface Issued {
  readonly serialNumber: string;
  readonly fingerprint256: string;
  readonly notBefore: number;
  readonly notAfter: number;
}

/** By openssl with the issuing key: it asks no questions. The last word may be the kind of key. */
async function forge({ directory, ...site }: EnrolledSite, ...words: string[]) {
  const isKey = words.at(-1)?.startsWith('rsa:');
  const kind = isKey
    ? ['-newkey', words.pop() ?? '']
    : ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256'];
  const authority = join(directory, 'pki/issuing-authority');
  await site.openssl(
    ...['req', '-x509', '-nodes', ...kind, '-days', '30', '-subj', `/CN=${id}`],
    ...['-keyout', site.file('forged.key'), '-out', site.file('forged.pem')],
    ...['-CA', `${authority}.pem`, '-CAkey', `${authority}.key`],
    ...['-addext', 'basicConstraints=critical,CA:FALSE'],
    ...words.flatMap((word) => ['-addext', word]),
  );
  const chain = openSitePki(directory).trust.join('\n');
  return { key: site.read('forged.key'), cert: `${site.read('forged.pem')}\n${chain}` };
}

/** What EST must not sign. Returns the reasons it must have given. */
async function badRequests(site: EnrolledSite): Promise<readonly string[]> {
  const { store } = openSiteStore(site.directory);
  const { token, ...kept } = createEnrolmentToken(Date.now());
  store.devices.setToken(id as DeviceId, kept);
  store.close();
  const ask = (request: string) =>
    site.curl(`${est}/simpleenroll`, '--user', `${id}:${token}`, ...posting(request));
  const own = await site.request('own', `/CN=${id}`);
  const damaged = Buffer.from(own, 'base64');
  damaged[damaged.length - 1] = (damaged.at(-1) ?? 0) ^ 1;
  const table = [
    ['request-signature', damaged.toString('base64')],
    ['request-name', await site.request('other', '/CN=lab-2')],
    ['key-algorithm', await site.request('weak', `/CN=${id}`, '-newkey', 'rsa:1024')],
  ] as const;
  for (const [reason, request] of table) {
    expect(await ask(request)).toMatchObject({
      status: 422,
      body: expect.stringContaining(reason),
    });
  }
  expect((await ask(own)).status).toBe(200);
  expect((await ask(own)).status).toBe(401);
  return [...table.map(([reason]) => reason), 'the token is wrong, spent or too old'];
}

it('speaks no TLS below 1.2, no cipher without forward secrecy and AEAD, no weak curve, at no port', async () => {
  const site = await startEnrolledSite({ [id]: analyser });
  const { mllpPort } = await site.gateway.event({ event: 'gateway.ready' });
  const root = join(site.directory, 'pki/root-authority.pem');
  const allowed = ['AES256-GCM-SHA384', 'CHACHA20-POLY1305', 'AES128-GCM-SHA256'].map(
    (end) => `ECDHE-ECDSA-${end}`,
  );
  // One handshake offers every other cipher there is: if one of them were spoken, it would succeed.
  const others = `ALL:COMPLEMENTOFALL:!${allowed.join(':!')}:@SECLEVEL=0`;
  const lax = ['-cipher', 'ALL:@SECLEVEL=0'];
  const offers: readonly (readonly [string, readonly string[], RegExp])[] = [
    ['TLS 1.0', ['-tls1', ...lax], /\(NONE\)/],
    ['TLS 1.1', ['-tls1_1', ...lax], /\(NONE\)/],
    ['other ciphers', ['-tls1_2', '-cipher', others], /\(NONE\)/],
    ['weak curve 1.2', ['-tls1_2', ...lax, '-curves', 'secp224r1:secp256k1'], /\(NONE\)/],
    ['weak curve 1.3', ['-tls1_3', '-curves', 'P-521:X448'], /\(NONE\)/],
    ['weak 1.3 cipher', ['-tls1_3', '-ciphersuites', 'TLS_AES_128_CCM_8_SHA256'], /\(NONE\)/],
    ...allowed.map(
      (cipher) => [cipher, ['-tls1_2', '-cipher', cipher], new RegExp(cipher)] as const,
    ),
    ['TLS 1.3', ['-tls1_3', '-curves', 'P-256'], /TLS_AES_256_GCM_SHA384/],
  ];
  for (const port of [site.mqttPort, site.httpsPort, Number(mllpPort)]) {
    for (const [what, words, wanted] of offers) {
      const common = ['-connect', `${host}:${port}`, '-CAfile', root, ...words];
      const child = spawn('openssl', ['s_client', ...common], {
        stdio: ['pipe', 'pipe', 'ignore'],
      });
      child.stdin.on('error', () => {});
      child.stdin.end();
      const said = (await buffer(child.stdout)).toString();
      expect(/Cipher is (\S+)/.exec(said)?.[1], `${what} at ${port}`).toMatch(wanted);
    }
  }
});
