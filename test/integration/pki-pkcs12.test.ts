import { execFileSync } from 'node:child_process';
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createSecureContext } from 'node:tls';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { toPkcs12 } from '../../gateway/pki/pkcs12.ts';
import { createSitePki, openSitePki, type SitePki } from '../../gateway/pki/site-pki.ts';

const password = 'correct horse ~ battery';
const now = Date.now();
const site = mkdtempSync(join(tmpdir(), 'wardgate-pkcs12-'));
let pki: SitePki;

beforeAll(async () => {
  await createSitePki({ directory: site, site: 'test', hosts: ['localhost'], now });
  pki = openSitePki(site);
});
afterAll(() => rmSync(site, { recursive: true }));

describe.each(['ecdsa-p256', 'rsa-2048', 'rsa-3072'] as const)('a bundle of %s', (key) => {
  it('gives openssl back the key, the certificate and the chain', async () => {
    const { bundle, issued } = await makeBundle(key);
    const text = openssl(bundle, password, '-noenc');
    const certificates = text.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g);
    const [own, issuing, root, ...others] = certificates ?? [];
    expect(fingerprint(own)).toBe(issued.fingerprint256);
    expect(fingerprint(issuing)).toBe(fingerprint(pki.trust[1]));
    expect(fingerprint(root)).toBe(fingerprint(pki.rootPem));
    expect(others).toEqual([]);
    const privateKey = createPrivateKey(
      text.match(/-----BEGIN PRIVATE KEY[\s\S]+KEY-----/)?.[0] ?? '',
    );
    expect(new X509Certificate(issued.certificatePem).checkPrivateKey(privateKey)).toBe(true);
  });

  it('is encrypted and protected by today’s algorithms alone', async () => {
    const { bundle } = await makeBundle(key);
    const text = openssl(bundle, password, '-info', '-noout');
    expect(text).toContain('MAC: sha256, Iteration 100000');
    const aes = 'PBES2, PBKDF2, AES-256-CBC, Iteration 100000, PRF hmacWithSHA256';
    expect(text).toContain(`PKCS7 Encrypted data: ${aes}`);
    expect(text).toContain(`Shrouded Keybag: ${aes}`);
    expect(text).not.toMatch(/RC2|3DES|sha1/i);
  });

  it('opens in node:tls, and for nobody without the password', async () => {
    const { bundle } = await makeBundle(key);
    expect(() => createSecureContext({ pfx: bundle, passphrase: password })).not.toThrow();
    expect(() => createSecureContext({ pfx: bundle, passphrase: `${password}.` })).toThrow();
    expect(() => openssl(bundle, 'wrong', '-noout')).toThrow();
  });

  it('is refused once a byte of it was changed', async () => {
    const { bundle } = await makeBundle(key);
    for (const at of [bundle.length >> 1, bundle.length - 200]) {
      const damaged = Buffer.from(bundle);
      damaged[at] = (damaged[at] ?? 0) ^ 1;
      expect(() => openssl(damaged, password, '-noout')).toThrow();
    }
  });
});

it.each(['', 'short', 'x'.repeat(129), 'pässword-of-a-ward', 'twelve\nchars.'])(
  'refuses %j as a password',
  async (bad) => {
    const issued = await pki.issueDevice('oxi-12', { now });
    const privateKeyPem = issued.privateKeyPem ?? expect.unreachable();
    await expect(toPkcs12({ ...issued, privateKeyPem, password: bad })).rejects.toMatchObject({
      code: 'usage',
    });
  },
);

it('refuses another certificate’s key', async () => {
  const issued = await pki.issueDevice('oxi-12', { now });
  const other = await pki.issueDevice('oxi-12', { now });
  const privateKeyPem = other.privateKeyPem ?? expect.unreachable();
  await expect(toPkcs12({ ...issued, privateKeyPem, password })).rejects.toMatchObject({
    code: 'certificate-refused',
  });
});

async function makeBundle(key: 'ecdsa-p256' | 'rsa-2048' | 'rsa-3072') {
  const issued = await pki.issueDevice('oxi-12', { key, now });
  const bundle = await toPkcs12({
    privateKeyPem: issued.privateKeyPem ?? expect.unreachable(),
    certificatePem: issued.certificatePem,
    chainPem: issued.chainPem + pki.rootPem,
    password,
  });
  return { bundle, issued };
}

function openssl(bundle: Buffer, passphrase: string, ...options: readonly string[]): string {
  const path = join(site, 'bundle.p12');
  writeFileSync(path, bundle);
  return execFileSync(
    'sh',
    ['-c', 'openssl pkcs12 -in "$0" "$@" 2>&1', path, '-passin', `pass:${passphrase}`, ...options],
    { encoding: 'utf8' },
  );
}

function fingerprint(pem: string | undefined): string {
  return new X509Certificate(pem ?? '').fingerprint256;
}
