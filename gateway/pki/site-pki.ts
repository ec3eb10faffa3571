import { randomBytes, X509Certificate } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import device from '../../certs/device.ts';
import gatewayServer from '../../certs/gateway-server.ts';
import issuingAuthority from '../../certs/issuing-authority.ts';
import rootAuthority from '../../certs/root-authority.ts';
import type { KeyAlgorithm } from '../core/certificate-profile.ts';
import { GatewayError } from '../core/error.ts';
import {
  type Authority,
  createAuthority,
  type IssuedCertificate,
  openAuthority,
} from './authority.ts';
import { generateKey, readPrivateKey } from './keys.ts';
import { hostNames } from './names.ts';
import { readSecretFile, requirePrivateDirectory, syncDirectory, writeNewFile } from './secrets.ts';

/** What a site has of certificates while the gateway runs. */
export interface SitePki {
  /** The gateway's own key and its certificates in the order of a handshake; both PEM. */
  readonly server: { readonly key: string; readonly cert: string };
  /** Root and issuing authority, PEM: the only authorities a client's certificate may come from. */
  readonly trust: readonly string[];
  /** The root, PEM: what a device or a consumer needs to know the gateway by. */
  readonly rootPem: string;
  /**
   * A certificate for one device. With a request the key stays where it is; else one is made.
   *
   * @throws GatewayError `certificate-refused`.
   */
  issueDevice(id: string, order: SubscriberOrder): Promise<IssuedSubscriber>;
  /** A certificate for the gateway's own servers under these names and addresses. */
  issueServer(hosts: readonly string[], order: SubscriberOrder): Promise<IssuedSubscriber>;
}

interface SubscriberOrder {
  /** Made here when there is no request. ecdsa-p256 unless said. */
  readonly key?: KeyAlgorithm | undefined;
  /** PKCS#10 as PEM. */
  readonly csrPem?: string | undefined;
  /** Milliseconds since the epoch. */
  readonly now: number;
}

type IssuedSubscriber = IssuedCertificate & {
  /** PKCS#8; absent when the request brought the key. */
  readonly privateKeyPem?: string | undefined;
};

const files = {
  rootCertificate: 'root-authority.pem',
  rootKey: 'root-authority.key',
  issuingCertificate: 'issuing-authority.pem',
  issuingKey: 'issuing-authority.key',
  serverCertificate: 'gateway-server.pem',
  serverKey: 'gateway-server.key',
} as const;

/**
 * Makes `<directory>/pki`: root, issuing authority and the gateway's server certificate. The whole
 * folder appears at once, or not at all. Call it before any other secret of the site is made.
 *
 * @param site names the authorities, such as `ward-3b`; at most 46 characters.
 * @param hosts DNS names and addresses by which devices reach the gateway.
 * @param now milliseconds since the epoch.
 * @throws GatewayError `site-exists`, `certificate-refused`.
 */
export async function createSitePki({
  directory,
  site,
  hosts,
  now,
}: {
  readonly directory: string;
  readonly site: string;
  readonly hosts: readonly string[];
  readonly now: number;
}): Promise<void> {
  const folder = join(directory, 'pki');
  if (existsSync(folder)) throw new GatewayError('site-exists', `${folder} exists`);
  const rootKey = await generateKey('ecdsa-p256');
  const issuingKey = await generateKey('ecdsa-p256');
  const root = await createAuthority({
    profile: rootAuthority,
    commonName: `${site} root authority`,
    key: rootKey,
    now,
  });
  const issuing = await createAuthority({
    profile: issuingAuthority,
    commonName: `${site} issuing authority`,
    issuer: root,
    key: issuingKey,
    now,
  });
  const server = await issueServer(issuing, hosts, { now });
  writeFolder(folder, {
    [files.rootKey]: rootKey.privateKeyPem,
    [files.rootCertificate]: root.certificatePem,
    [files.issuingKey]: issuingKey.privateKeyPem,
    [files.issuingCertificate]: issuing.certificatePem,
    [files.serverKey]: server.privateKeyPem ?? '',
    [files.serverCertificate]: server.chainPem,
  });
}

/**
 * Opens what createSitePki made. The root's key is not read: a site may have taken it offline.
 *
 * @throws GatewayError `secret-missing` when a file is absent or does not belong to the others,
 * `secret-exposed` when others may read one.
 */
export function openSitePki(directory: string): SitePki {
  const folder = join(directory, 'pki');
  requirePrivateDirectory(folder);
  const rootPem = readCertificates(folder, files.rootCertificate);
  const issuingPem = readCertificates(folder, files.issuingCertificate);
  const cert = readCertificates(folder, files.serverCertificate);
  const key = readSecretFile(join(folder, files.serverKey)).toString('utf8');
  const privateKeyPem = readSecretFile(join(folder, files.issuingKey)).toString('utf8');
  requireChain(folder, { rootPem, issuingPem, cert, key });
  const issuing = openAuthority({
    certificatePem: issuingPem,
    chainPem: issuingPem,
    privateKeyPem,
  });
  return {
    server: { key, cert },
    trust: [rootPem, issuingPem],
    rootPem,
    issueDevice: (id, order) => issueDevice(issuing, id, order),
    issueServer: (hosts, order) => issueServer(issuing, hosts, order),
  };
}

function issueDevice(
  issuing: Authority,
  id: string,
  order: SubscriberOrder,
): Promise<IssuedSubscriber> {
  return issue(order, (key) =>
    issuing.issue({
      profile: device,
      commonName: id,
      alternativeNames: [{ kind: 'uri', value: `${device.uriPrefix}${id}` }],
      key,
      now: order.now,
    }),
  );
}

/** Characters of a common name (RFC 5280 A.1, ub-common-name). */
const commonNameLengthMax = 64;

function issueServer(
  issuing: Authority,
  hosts: readonly string[],
  order: SubscriberOrder,
): Promise<IssuedSubscriber> {
  const alternativeNames = hostNames(hosts);
  const named = alternativeNames.find(({ value }) => value.length <= commonNameLengthMax);
  return issue(order, (key) =>
    issuing.issue({
      profile: gatewayServer,
      commonName: named?.value ?? '',
      alternativeNames,
      key,
      now: order.now,
    }),
  );
}

async function issue(
  { csrPem, key = 'ecdsa-p256' }: SubscriberOrder,
  sign: (key: Parameters<Authority['issue']>[0]['key']) => Promise<IssuedCertificate>,
): Promise<IssuedSubscriber> {
  if (csrPem !== undefined) return sign({ csrPem });
  const pair = await generateKey(key);
  return { ...(await sign(pair)), privateKeyPem: pair.privateKeyPem };
}

function writeFolder(folder: string, contents: Readonly<Record<string, string>>): void {
  const temporary = `${folder}.${randomBytes(8).toString('hex')}`;
  mkdirSync(temporary, { recursive: true, mode: 0o700 });
  try {
    for (const [name, content] of Object.entries(contents))
      writeNewFile(join(temporary, name), content, name.endsWith('.key') ? 0o600 : 0o644);
    renameSync(temporary, folder);
    syncDirectory(join(folder, '..'));
  } catch (cause) {
    rmSync(temporary, { recursive: true, force: true });
    // Somebody else made it meanwhile: theirs counts, for devices may trust it already.
    if (existsSync(folder)) throw new GatewayError('site-exists', `${folder} exists`, { cause });
    throw cause;
  }
}

function readCertificates(folder: string, name: string): string {
  const path = join(folder, name);
  try {
    return readFileSync(path, 'utf8');
  } catch (cause) {
    throw new GatewayError('secret-missing', `${path} cannot be read`, { cause });
  }
}

/** A half restored backup is found here, not in a ward where no device can connect. */
function requireChain(
  folder: string,
  pems: { rootPem: string; issuingPem: string; cert: string; key: string },
): void {
  const root = parse(folder, files.rootCertificate, pems.rootPem);
  const issuing = parse(folder, files.issuingCertificate, pems.issuingPem);
  const server = parse(folder, files.serverCertificate, pems.cert);
  const fits =
    isIssuedBy(root, root) &&
    isIssuedBy(issuing, root) &&
    isIssuedBy(server, issuing) &&
    server.checkPrivateKey(readPrivateKey(pems.key, server.subject));
  if (!fits)
    throw new GatewayError('secret-missing', `the files of ${folder} do not belong together`);
}

function isIssuedBy(certificate: X509Certificate, issuer: X509Certificate): boolean {
  return certificate.checkIssued(issuer) && certificate.verify(issuer.publicKey);
}

function parse(folder: string, name: string, pem: string): X509Certificate {
  try {
    return new X509Certificate(pem);
  } catch (cause) {
    throw new GatewayError('secret-missing', `${join(folder, name)} is damaged`, { cause });
  }
}
