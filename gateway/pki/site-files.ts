import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { GatewayError } from '../core/error.ts';
import { certificatesOf, isIssuedBy } from './chain.ts';
import { finishSwap } from './file-swap.ts';
import { readPrivateKey } from './keys.ts';
import { hasCode, readSecretFile, requirePrivateDirectory } from './secrets.ts';

/** The files of `<site directory>/pki` that make its certificates. */
export const siteFiles = {
  rootCertificate: 'root-authority.pem',
  rootKey: 'root-authority.key',
  /** The root's own revocation list, made while its key was at hand. */
  rootList: 'root-authority.crl',
  issuingCertificate: 'issuing-authority.pem',
  issuingKey: 'issuing-authority.key',
  /** The root as the hospital's authority certified it, and the chain up to that one's root. */
  superiorCertificates: 'superior-authorities.pem',
  serverCertificate: 'gateway-server.pem',
  serverKey: 'gateway-server.key',
} as const;

/** PEM throughout. */
export interface SiteFiles {
  readonly root: string;
  readonly rootList: string;
  readonly issuing: string;
  readonly issuingKey: string;
  /** From the root's other certificate up to the hospital's root. Empty: there is no superior. */
  readonly superior: readonly string[];
  readonly server: { readonly key: string; readonly cert: string };
}

/**
 * Reads them as one. A half restored backup is found here, not in a ward where no device can
 * connect.
 *
 * @throws GatewayError `secret-missing` when a file is absent or does not belong to the others,
 * `secret-exposed` when others may read one.
 */
export function readSiteFiles(folder: string): SiteFiles {
  requirePrivateDirectory(folder);
  finishSwap(folder);
  const read = (name: string) => readRequired(join(folder, name));
  const files = {
    root: read(siteFiles.rootCertificate),
    rootList: readOptional(join(folder, siteFiles.rootList)),
    issuing: read(siteFiles.issuingCertificate),
    issuingKey: readSecretFile(join(folder, siteFiles.issuingKey)).toString('utf8'),
    superior: certificatesOf(readOptional(join(folder, siteFiles.superiorCertificates))),
    server: {
      cert: read(siteFiles.serverCertificate),
      key: readSecretFile(join(folder, siteFiles.serverKey)).toString('utf8'),
    },
  };
  requireChain(folder, files);
  return files;
}

function requireChain(folder: string, { root, issuing, superior, server }: SiteFiles): void {
  const rootCertificate = parse(folder, siteFiles.rootCertificate, root);
  const issuingCertificate = parse(folder, siteFiles.issuingCertificate, issuing);
  const serverCertificate = parse(folder, siteFiles.serverCertificate, server.cert);
  const [twin] = superior.map((pem) => parse(folder, siteFiles.superiorCertificates, pem));
  const fits =
    isIssuedBy(rootCertificate, rootCertificate) &&
    isIssuedBy(issuingCertificate, rootCertificate) &&
    isIssuedBy(serverCertificate, issuingCertificate) &&
    (twin === undefined || twin.publicKey.equals(rootCertificate.publicKey)) &&
    serverCertificate.checkPrivateKey(readPrivateKey(server.key, serverCertificate.subject));
  if (!fits)
    throw new GatewayError('secret-missing', `the files of ${folder} do not belong together`);
}

function readRequired(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (cause) {
    throw new GatewayError('secret-missing', `${path} cannot be read`, { cause });
  }
}

function readOptional(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (cause) {
    if (hasCode(cause, 'ENOENT')) return '';
    throw new GatewayError('secret-missing', `${path} cannot be read`, { cause });
  }
}

function parse(folder: string, name: string, pem: string): X509Certificate {
  try {
    return new X509Certificate(pem);
  } catch (cause) {
    throw new GatewayError('secret-missing', `${join(folder, name)} is damaged`, { cause });
  }
}
