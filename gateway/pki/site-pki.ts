import { randomBytes, X509Certificate } from 'node:crypto';
import { existsSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import consumer from '../../certs/consumer.ts';
import device from '../../certs/device.ts';
import enrolledDevice from '../../certs/enrolled-device.ts';
import flow from '../../certs/flow.ts';
import gatewayServer from '../../certs/gateway-server.ts';
import issuingAuthority from '../../certs/issuing-authority.ts';
import operator from '../../certs/operator.ts';
import relayClient from '../../certs/relay-client.ts';
import rootAuthority from '../../certs/root-authority.ts';
import type { CertificateProfile, KeyAlgorithm } from '../core/certificate-profile.ts';
import { GatewayError } from '../core/error.ts';
import {
  type Authority,
  createAuthority,
  type IssuedCertificate,
  openAuthority,
} from './authority.ts';
import { identifiers, readAlternativeNames, readCertificate } from './certificate-fields.ts';
import { certificatesOf } from './chain.ts';
import { modeOf, swapFiles } from './file-swap.ts';
import { generateKey } from './keys.ts';
import { hostNames } from './names.ts';
import { syncDirectory, writeNewFile } from './secrets.ts';
import { readSiteFiles, siteFiles } from './site-files.ts';

/** Kinds of certificates that a site gives to somebody else, each named by a URI. */
export const subscriberKinds = {
  device,
  'enrolled-device': enrolledDevice,
  consumer,
  operator,
  flow,
  'relay-client': relayClient,
} as const satisfies Record<string, CertificateProfile>;

export type SubscriberKind = keyof typeof subscriberKinds;

/** What a site has of certificates while the gateway runs. */
export interface SitePki {
  /** The gateway's own key and its certificates in the order of a handshake; both PEM. */
  readonly server: { readonly key: string; readonly cert: string };
  /** Root and issuing authority, PEM: the only ones a client's certificate may come from. */
  readonly trust: readonly string[];
  /** The root, PEM: what a device or a consumer needs to know the gateway by. */
  readonly rootPem: string;
  /** The root's revocation list, PEM; empty on a site made without one. */
  readonly rootListPem: string;
  /** Every authority, PEM, the issuing one first and the roots last (RFC 7030 4.1.3). */
  readonly authoritiesPem: string;
  /** Signs revocation lists, answers about certificates, and graces. */
  readonly authority: Authority;
  /**
   * A certificate of that kind for one subscriber. With a request the key stays where it is; else
   * one is made.
   *
   * @throws GatewayError `certificate-refused`.
   */
  issue(kind: SubscriberKind, name: string, order: SubscriberOrder): Promise<IssuedSubscriber>;
  /** The same for a device that is given its key. */
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
    [siteFiles.rootKey]: rootKey.privateKeyPem,
    [siteFiles.rootCertificate]: root.certificatePem,
    [siteFiles.rootList]: rootListOf(root, now),
    [siteFiles.issuingKey]: issuingKey.privateKeyPem,
    [siteFiles.issuingCertificate]: issuing.certificatePem,
    [siteFiles.serverKey]: server.privateKeyPem ?? '',
    [siteFiles.serverCertificate]: server.chainPem,
  });
}

/**
 * The root's list names nobody and is good as long as the root: its key goes offline, and clients
 * that check every authority of a chain need a list of each.
 */
function rootListOf(root: Authority, now: number): string {
  const { validToDate } = new X509Certificate(root.certificatePem);
  const nextUpdate = validToDate.getTime();
  return root.revocationList({ revoked: [], number: 1, thisUpdate: now, nextUpdate });
}

/**
 * Opens what createSitePki made. The root's key is not read: a site may have taken it offline.
 *
 * @throws GatewayError `secret-missing`, `secret-exposed`: see readSiteFiles.
 */
export function openSitePki(directory: string): SitePki {
  const files = readSiteFiles(join(directory, 'pki'));
  const { root, issuing, superior } = files;
  const [ownPem = ''] = certificatesOf(files.server.cert);
  // Without the hospital's root: whoever trusts it has it.
  const chainPem = [issuing, ...superior.slice(0, -1)].join('');
  const authority = openAuthority({
    certificatePem: issuing,
    chainPem,
    privateKeyPem: files.issuingKey,
  });
  return {
    server: { key: files.server.key, cert: ownPem + chainPem },
    trust: [root, issuing],
    rootPem: root,
    rootListPem: files.rootList,
    authoritiesPem: [issuing, ...superior, root].join(''),
    authority,
    issue: (kind, name, order) => issueNamed(authority, subscriberKinds[kind], name, order),
    issueDevice: (id, order) => issueNamed(authority, device, id, order),
    issueServer: (hosts, order) => issueServer(authority, hosts, order),
  };
}

/**
 * A new key and certificate for the gateway's own servers, under the names they have. Whoever
 * serves with the old ones goes on until it opens the site's certificates again.
 */
export async function renewServer(directory: string, now: number): Promise<void> {
  const pki = openSitePki(directory);
  const server = await pki.issueServer(namesOfServer(pki.server.cert), { now });
  swapFiles(join(directory, 'pki'), {
    [siteFiles.serverKey]: server.privateKeyPem ?? '',
    [siteFiles.serverCertificate]: server.chainPem,
  });
}

/** DNS names and addresses of a server's certificate. */
function namesOfServer(pem: string): readonly string[] {
  const { extensions } = readCertificate(new X509Certificate(pem).raw);
  const names = extensions.get(identifiers.subjectAltName);
  return names === undefined ? [] : readAlternativeNames(names.value).map(({ value }) => value);
}

function issueNamed(
  authority: Authority,
  profile: CertificateProfile,
  name: string,
  order: SubscriberOrder,
): Promise<IssuedSubscriber> {
  return withKey(order, (key) =>
    authority.issue({
      profile,
      commonName: name,
      alternativeNames: [{ kind: 'uri', value: `${profile.uriPrefix}${name}` }],
      key,
      now: order.now,
    }),
  );
}

/** Characters of a common name (RFC 5280 A.1, ub-common-name). */
const commonNameLengthMax = 64;

function issueServer(
  authority: Authority,
  hosts: readonly string[],
  order: SubscriberOrder,
): Promise<IssuedSubscriber> {
  const alternativeNames = hostNames(hosts);
  const named = alternativeNames.find(({ value }) => value.length <= commonNameLengthMax);
  return withKey(order, (key) =>
    authority.issue({
      profile: gatewayServer,
      commonName: named?.value ?? '',
      alternativeNames,
      key,
      now: order.now,
    }),
  );
}

async function withKey(
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
      writeNewFile(join(temporary, name), content, modeOf(name));
    renameSync(temporary, folder);
    syncDirectory(join(folder, '..'));
  } catch (cause) {
    rmSync(temporary, { recursive: true, force: true });
    // Somebody else made it meanwhile: theirs counts, for devices may trust it already.
    if (existsSync(folder)) throw new GatewayError('site-exists', `${folder} exists`, { cause });
    throw cause;
  }
}
