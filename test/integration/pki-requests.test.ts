import { execFileSync } from 'node:child_process';
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createSitePki, openSitePki, type SitePki } from '../../gateway/pki/site-pki.ts';

/** Certification requests as OpenSSL makes them, good ones and hostile ones. */
const now = Date.now();
const site = mkdtempSync(join(tmpdir(), 'wardgate-requests-'));
let pki: SitePki;

beforeAll(async () => {
  await createSitePki({ directory: site, site: 'test', hosts: ['localhost'], now });
  pki = openSitePki(site);
});
afterAll(() => rmSync(site, { recursive: true }));

const p256 = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1'];
const uri = ['-addext', 'subjectAltName=URI:urn:wardgate:device:oxi-12'];

it.each([
  ['a bare name', ['-subj', '/CN=oxi-12', ...p256]],
  ['no name at all', ['-subj', '/', ...p256]],
  ['its URI', ['-subj', '/CN=oxi-12', ...p256, ...uri]],
  ['a maker’s name beside its own', ['-subj', '/O=Acme/CN=oxi-12/serialNumber=7', ...p256]],
  [
    'the extensions of openssl.cnf',
    [
      '-subj',
      '/CN=oxi-12',
      ...p256,
      '-addext',
      'basicConstraints=CA:FALSE',
      '-addext',
      'keyUsage=digitalSignature,keyEncipherment',
    ],
  ],
  ['an RSA key', ['-subj', '/CN=oxi-12', '-newkey', 'rsa:2048']],
  ['an RSA key and SHA-512', ['-subj', '/CN=oxi-12', '-newkey', 'rsa:3072', '-sha512']],
  ['the older label', ['-subj', '/CN=oxi-12', ...p256, '-newhdr']],
])('takes the key of a request with %s, and nothing else', async (_, options) => {
  const issued = await pki.issueDevice('oxi-12', { csrPem: request(options), now });
  const certificate = new X509Certificate(issued.certificatePem);
  expect(issued.privateKeyPem).toBeUndefined();
  expect(certificate.subject).toBe('CN=oxi-12');
  expect(certificate.subjectAltName).toBe('URI:urn:wardgate:device:oxi-12');
  expect(certificate.keyUsage).toEqual(['1.3.6.1.5.5.7.3.2']);
  const keyFile = readFileSync(join(site, 'request.key'), 'utf8');
  expect(certificate.checkPrivateKey(createPrivateKey(keyFile))).toBe(true);
});

it.each([
  ['another device’s name', 'request-name', ['-subj', '/CN=oxi-13', ...p256]],
  [
    'a name that ends in NUL',
    'request-name',
    ['-subj', '/CN=oxi-12\\00', '-nameopt', 'utf8', ...p256],
  ],
  ['its own name and another’s', 'request-name', ['-subj', '/CN=oxi-12/CN=oxi-13', ...p256]],
  [
    'another device’s URI',
    'request-name',
    ['-subj', '/CN=oxi-12', ...p256, '-addext', 'subjectAltName=URI:urn:wardgate:device:oxi-13'],
  ],
  [
    'the gateway’s host',
    'request-name',
    ['-subj', '/CN=oxi-12', ...p256, '-addext', 'subjectAltName=DNS:localhost'],
  ],
  [
    'an e-mail address',
    'unreadable',
    ['-subj', '/CN=oxi-12', ...p256, '-addext', 'subjectAltName=email:a@b.example'],
  ],
  [
    'a wish to be an authority',
    'request-authority',
    ['-subj', '/CN=oxi-12', ...p256, '-addext', 'basicConstraints=critical,CA:TRUE'],
  ],
  ['RSA of 1024 bits', 'key-algorithm', ['-subj', '/CN=oxi-12', '-newkey', 'rsa:1024']],
  [
    'RSA with exponent 3',
    'key-weak',
    ['-subj', '/CN=oxi-12', '-newkey', 'rsa:2048', '-pkeyopt', 'rsa_keygen_pubexp:3'],
  ],
  [
    'the curve P-384',
    'key-algorithm',
    ['-subj', '/CN=oxi-12', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:secp384r1'],
  ],
  [
    'P-256 spelt out as parameters',
    'key-algorithm',
    ['-subj', '/CN=oxi-12', ...p256, '-pkeyopt', 'ec_param_enc:explicit'],
  ],
  ['Ed25519', 'key-algorithm', ['-subj', '/CN=oxi-12', '-newkey', 'ed25519']],
  ['a signature with SHA-1', 'request-signature', ['-subj', '/CN=oxi-12', ...p256, '-sha1']],
])('refuses a request with %s by %s', async (_, lint, options) => {
  await expect(pki.issueDevice('oxi-12', { csrPem: request(options), now })).rejects.toMatchObject({
    code: 'certificate-refused',
    message: expect.stringContaining(`${lint}: `),
  });
});

it('refuses a request of which any one bit was changed', async () => {
  const pem = request(['-subj', '/CN=oxi-12', ...p256, ...uri]);
  const der = Buffer.from(pem.replace(/-----[^-]+-----/g, ''), 'base64');
  await fc.assert(
    fc.asyncProperty(fc.nat(8 * der.length - 1), async (bit) => {
      const damaged = Buffer.from(der);
      damaged[bit >> 3] = (damaged[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      await expect(
        pki.issueDevice('oxi-12', { csrPem: toPem(damaged), now }),
      ).rejects.toMatchObject({ code: 'certificate-refused' });
    }),
    { numRuns: 500 },
  );
});

it('refuses a request that somebody signed for another’s key', async () => {
  const mine = decode(request(['-subj', '/CN=oxi-12', ...p256]));
  const theirs = decode(request(['-subj', '/CN=oxi-12', ...p256]));
  // Both of one length but for the signatures: the body of the one, the signature of the other.
  const spliced = Buffer.concat([theirs.subarray(0, -70), mine.subarray(-70)]);
  await expect(pki.issueDevice('oxi-12', { csrPem: toPem(spliced), now })).rejects.toMatchObject({
    code: 'certificate-refused',
  });
});

it.each([
  ['nothing', ''],
  ['text', 'hello'],
  ['a certificate', '-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n'],
  ['an empty sequence', toPem(Buffer.of(0x30, 0))],
  ['a private key under the label', toPem(Buffer.from('3003020100', 'hex'))],
  ['two requests', toPem(Buffer.of(0x30, 0)).repeat(2)],
  ['a megabyte', toPem(Buffer.alloc(1_000_000, 0x30))],
  [
    'depth',
    toPem(Buffer.concat([Buffer.from('3082380030823000', 'hex'), Buffer.alloc(14_332, 0x30)])),
  ],
])('refuses %s in place of a request', async (_, csrPem) => {
  await expect(pki.issueDevice('oxi-12', { csrPem, now })).rejects.toMatchObject({
    code: 'certificate-refused',
    message: expect.stringContaining('unreadable: '),
  });
});

function request(options: readonly string[]): string {
  const key = ['-keyout', join(site, 'request.key'), '-noenc'];
  return execFileSync('openssl', ['req', '-new', '-utf8', ...key, ...options], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  });
}

function decode(pem: string): Buffer {
  return Buffer.from(pem.replace(/-----[^-]+-----/g, ''), 'base64');
}

function toPem(der: Buffer): string {
  const lines = der.toString('base64').match(/.{1,64}/g) ?? [];
  return `-----BEGIN CERTIFICATE REQUEST-----\n${lines.join('\n')}\n-----END CERTIFICATE REQUEST-----\n`;
}
