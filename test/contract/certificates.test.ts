import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect, createServer } from 'node:tls';
import { afterAll, describe, expect, it, onTestFinished } from 'vitest';
import deviceProfile from '../../certs/device.ts';
import serverProfile from '../../certs/gateway-server.ts';
import issuingProfile from '../../certs/issuing-authority.ts';
import rootProfile from '../../certs/root-authority.ts';
import { catalogue } from '../../gateway/catalogue.ts';
import { CertificateProfile } from '../../gateway/core/certificate-profile.ts';
import { type Authority, createAuthority } from '../../gateway/pki/authority.ts';
import { generateKey } from '../../gateway/pki/keys.ts';
import { type AlternativeName, hostNames } from '../../gateway/pki/names.ts';

/**
 * The promises every kind of certificate makes. A file is under test from the moment it exists in
 * certs/; nobody registers it here.
 */
const profiles = await catalogue<CertificateProfile>(join(import.meta.dirname, '../../certs'));
const authorities = [...profiles.values()].filter(({ isAuthority }) => isAuthority);
const subscribers = [...profiles.values()].filter(({ isAuthority }) => !isAuthority);
const now = Date.now();
const root = await createAuthority({ profile: rootProfile, commonName: 'test root', now });
const issuing = await createAuthority({
  profile: issuingProfile,
  commonName: 'test issuing',
  issuer: root,
  now,
});
const folder = mkdtempSync(join(tmpdir(), 'wardgate-certificates-'));
afterAll(() => rmSync(folder, { recursive: true }));

const goodServer = await subscribe(issuing, serverProfile, 'ecdsa-p256');
const goodClient = await subscribe(issuing, deviceProfile, 'ecdsa-p256');

it('finds the kinds a site needs', () => {
  expect([...profiles.keys()]).toEqual(
    expect.arrayContaining([
      'root-authority',
      'issuing-authority',
      'gateway-server',
      'hospital-server',
      'device',
    ]),
  );
});

describe.each([...profiles.values()])('$id', (profile) => {
  it('is plain data', () => {
    expect(CertificateProfile.parse(JSON.parse(JSON.stringify(profile)))).toEqual(profile);
  });

  it('does not mix an authority with a subscriber', () => {
    const signs = profile.keyUsages.includes('keyCertSign');
    expect(signs).toBe(profile.isAuthority);
    expect(profile.pathLength !== undefined).toBe(profile.isAuthority);
    expect(profile.extendedKeyUsages.length > 0).toBe(!profile.isAuthority);
  });
});

describe.each(subscribers)('$id', (profile) => {
  it.each(profile.keyAlgorithms)(
    'is issued with %s and passes openssl for its own use only',
    async (key) => {
      const { cert } = await subscribe(issuing, profile, key);
      const isServer = profile.extendedKeyUsages.includes('serverAuth');
      const isClient = profile.extendedKeyUsages.includes('clientAuth');
      expect(opensslAccepts(cert, 'sslserver')).toBe(isServer);
      expect(opensslAccepts(cert, 'sslclient')).toBe(isClient);
    },
  );

  it.each(profile.keyAlgorithms)(
    'with %s is accepted by node:tls for its own use only',
    async (key) => {
      const party = await subscribe(issuing, profile, key);
      const isServer = profile.extendedKeyUsages.includes('serverAuth');
      const isClient = profile.extendedKeyUsages.includes('clientAuth');
      expect(await handshake(party, goodClient)).toBe(isServer ? 'accepted' : 'refused');
      expect(await handshake(goodServer, party)).toBe(isClient ? 'accepted' : 'refused');
    },
  );
});

describe.each(authorities)('$id', (profile) => {
  it('is an authority to openssl, and neither end of a line', async () => {
    const authority = await createAuthority({
      profile,
      commonName: 'another',
      now,
      ...(profile.pathLength === 0 && { issuer: root }),
    });
    const anchor = profile.pathLength === 0 ? root : authority;
    expect(opensslAccepts(authority.certificatePem, 'any', anchor)).toBe(true);
    expect(opensslAccepts(authority.certificatePem, 'sslserver', anchor)).toBe(false);
    expect(opensslAccepts(authority.certificatePem, 'sslclient', anchor)).toBe(false);
  });
});

it('is refused by node:tls when another root issued it', async () => {
  const stranger = await createAuthority({ profile: rootProfile, commonName: 'test root', now });
  expect(await handshake(goodServer, goodClient)).toBe('accepted');
  expect(await handshake(goodServer, await subscribe(stranger, deviceProfile, 'rsa-2048'))).toBe(
    'refused',
  );
});

interface Party {
  readonly key: string;
  readonly cert: string;
}

async function subscribe(
  authority: Authority,
  profile: CertificateProfile,
  algorithm: CertificateProfile['keyAlgorithms'][number],
): Promise<Party> {
  const commonName = profile.uriPrefix === undefined ? 'localhost' : 'oxi-12';
  const key = await generateKey(algorithm);
  const alternativeNames: readonly AlternativeName[] =
    profile.uriPrefix === undefined
      ? hostNames(['localhost', '127.0.0.1', '::1'])
      : [{ kind: 'uri', value: profile.uriPrefix + commonName }];
  const { chainPem } = await authority.issue({ profile, commonName, alternativeNames, key, now });
  return { key: key.privateKeyPem, cert: chainPem };
}

function opensslAccepts(pem: string, purpose: string, anchor = root): boolean {
  const file = (name: string, content: string) => {
    writeFileSync(join(folder, name), content);
    return join(folder, name);
  };
  const strict = ['verify', '-x509_strict', '-auth_level', '2', '-purpose', purpose];
  try {
    execFileSync(
      'openssl',
      [
        ...strict,
        '-CAfile',
        file('root.pem', anchor.certificatePem),
        '-untrusted',
        file('issuing.pem', issuing.certificatePem),
        file('certificate.pem', pem),
      ],
      { stdio: 'pipe' },
    );
    return true;
  } catch {
    return false;
  }
}

/** Application data must arrive: with TLS 1.3 a client is connected before it is refused. */
async function handshake(own: Party, peer: Party): Promise<'accepted' | 'refused'> {
  const server = createServer({
    ...own,
    ca: root.certificatePem,
    requestCert: true,
    rejectUnauthorized: true,
    minVersion: 'TLSv1.2',
  });
  onTestFinished(() => void server.close());
  server.on('secureConnection', (socket) => socket.on('error', () => {}).end('welcome'));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const client = connect({
    ...peer,
    ca: root.certificatePem,
    port,
    host: '127.0.0.1',
    // Only the purpose may decide here, not the name.
    checkServerIdentity: () => undefined,
  });
  const outcome = Promise.withResolvers<'accepted' | 'refused'>();
  server.on('tlsClientError', () => outcome.resolve('refused'));
  client.on('error', () => outcome.resolve('refused'));
  client.on('data', () => outcome.resolve('accepted'));
  client.on('close', () => outcome.resolve('refused'));
  const result = await outcome.promise;
  client.destroy();
  return result;
}
