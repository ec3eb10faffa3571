import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import device from '../../certs/device.ts';
import gatewayServer from '../../certs/gateway-server.ts';
import rootAuthority from '../../certs/root-authority.ts';
import { createAuthority } from '../../gateway/pki/authority.ts';
import { generateKey, type KeyPair } from '../../gateway/pki/keys.ts';
import { hostNames } from '../../gateway/pki/names.ts';

/** PEM. */
export interface Certificate {
  readonly key: string;
  readonly cert: string;
}

const dayMs = 86_400_000;

/** An authority for tests: what ours issues, and what ours would refuse to. */
export class TestAuthority {
  readonly ca: string;
  readonly #authority: Awaited<ReturnType<typeof createAuthority>>;
  readonly #key: KeyPair;

  private constructor(authority: Awaited<ReturnType<typeof createAuthority>>, key: KeyPair) {
    this.ca = authority.certificatePem;
    this.#authority = authority;
    this.#key = key;
  }

  /** `ageDays`: how long ago it was made. */
  static async create(ageDays = 0): Promise<TestAuthority> {
    const key = await generateKey('ecdsa-p256');
    const now = Date.now() - ageDays * dayMs;
    const order = { profile: rootAuthority, commonName: 'Test Root', now, key };
    return new TestAuthority(await createAuthority(order), key);
  }

  /** `ageDays` old: a device's certificate lives 397 days. */
  async device(id: string, ageDays = 0): Promise<Certificate> {
    const key = await generateKey('ecdsa-p256');
    const { chainPem } = await this.#authority.issue({
      profile: device,
      commonName: id,
      alternativeNames: [{ kind: 'uri', value: `urn:wardgate:device:${id}` }],
      key,
      now: Date.now() - ageDays * dayMs,
    });
    return { key: key.privateKeyPem, cert: chainPem };
  }

  async server(): Promise<Certificate> {
    const key = await generateKey('ecdsa-p256');
    const { chainPem } = await this.#authority.issue({
      profile: gatewayServer,
      commonName: 'localhost',
      alternativeNames: hostNames(['localhost', '127.0.0.1', '::1']),
      key,
      now: Date.now(),
    });
    return { key: key.privateKeyPem, cert: chainPem };
  }

  /** Signed by the openssl command with this authority's key: it asks no questions. */
  anything(commonName: string, ...extensions: readonly string[]): Certificate {
    return withFiles({ ca: this.ca, caKey: this.#key.privateKeyPem }, (path, folder) => {
      const args = ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256'];
      args.push('-nodes', '-keyout', join(folder, 'key'), '-out', join(folder, 'cert'));
      args.push('-days', '30', '-subj', `/CN=${commonName}`, '-CA', path('ca'));
      args.push('-CAkey', path('caKey'), '-addext', 'basicConstraints=critical,CA:FALSE');
      for (const extension of extensions) args.push('-addext', extension);
      execFileSync('openssl', args, { stdio: 'ignore' });
      const read = (name: string) => readFileSync(join(folder, name), 'utf8');
      return { key: read('key'), cert: read('cert') };
    });
  }
}

/** Gives real programs what they want as files, and removes the files. */
export function withFiles<Result>(
  contents: Readonly<Record<string, string>>,
  use: (path: (name: string) => string, folder: string) => Result,
): Result {
  const folder = mkdtempSync(join(tmpdir(), 'wardgate-mqtt-'));
  const remove = () => rmSync(folder, { recursive: true });
  for (const [name, content] of Object.entries(contents))
    writeFileSync(join(folder, name), content, { mode: 0o600 });
  let result: Result;
  try {
    result = use((name) => join(folder, name), folder);
  } catch (error) {
    remove();
    throw error;
  }
  if (result instanceof Promise) result.finally(remove).catch(() => {});
  else remove();
  return result;
}
