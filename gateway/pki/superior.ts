import { createPrivateKey, X509Certificate } from 'node:crypto';
import { join } from 'node:path';
import { GatewayError } from '../core/error.ts';
import {
  identifiers,
  readBasicConstraints,
  readCertificate,
  readKeyIdentifier,
  readKeyUsages,
} from './certificate-fields.ts';
import { certificatesOf, isIssuedBy } from './chain.ts';
import { swapFiles } from './file-swap.ts';
import { keyIdentifier } from './keys.ts';
import { makeAuthorityRequest } from './request-writer.ts';
import { readSecretFile } from './secrets.ts';
import { readSiteFiles, siteFiles } from './site-files.ts';

/**
 * A request (PKCS#10, PEM) by which another authority can certify the site's root as one of its own
 * subordinates.
 *
 * @param rootKeyPath where the root's key is, if it was taken offline.
 * @throws GatewayError `secret-missing`, `secret-exposed`.
 */
export function requestSuperior(directory: string, rootKeyPath: string | undefined): string {
  const folder = join(directory, 'pki');
  const { root } = readSiteFiles(folder);
  const key = createPrivateKey(readSecretFile(rootKeyPath ?? join(folder, siteFiles.rootKey)));
  const certificate = new X509Certificate(root);
  if (!certificate.checkPrivateKey(key))
    throw new GatewayError('secret-missing', `the key of ${certificate.subject} is another one’s`);
  return makeAuthorityRequest(readCertificate(certificate.raw).subject, key);
}

/**
 * Takes what the other authority answered. From now on the gateway shows that chain as well: whoever
 * trusts the other root can follow it, and whoever trusts the site's own root never looks at it.
 * Clients are judged by the site's own root alone, so nobody else under the other root is let in.
 *
 * @param chainPem the site's root as certified there, then each issuer up to the self-signed root.
 * @throws GatewayError `certificate-refused` with what is wrong in the chain.
 */
export function installSuperior(directory: string, chainPem: string, now: number): void {
  const folder = join(directory, 'pki');
  const { root } = readSiteFiles(folder);
  const chain = certificatesOf(chainPem);
  requireSound(chain, new X509Certificate(root), now);
  swapFiles(folder, { [siteFiles.superiorCertificates]: chain.join('') });
}

/** The site stands on its own root again, which whoever trusts it never noticed. */
export function removeSuperior(directory: string): void {
  const folder = join(directory, 'pki');
  readSiteFiles(folder);
  swapFiles(folder, { [siteFiles.superiorCertificates]: '' });
}

/** Whether clients that trust its last certificate can follow the chain (RFC 5280 6.1). */
function requireSound(chain: readonly string[], root: X509Certificate, now: number): void {
  const certificates = chain.map((pem) => new X509Certificate(pem));
  const [own] = certificates;
  if (own === undefined || certificates.length < 2)
    throw refused('the site’s certificate first, then each issuer up to the root');
  if (!own.publicKey.equals(root.publicKey))
    throw refused('the first certificate is of another key');
  const [theirs, ours] = [own, root].map(({ raw }) => readCertificate(raw).subject);
  if (theirs === undefined || ours === undefined || Buffer.compare(theirs, ours) !== 0)
    throw refused('the subject is not the one requested; ask for it unchanged');
  const { publicKey, extensions } = readCertificate(own.raw);
  const said = readKeyIdentifier(extensions.get(identifiers.subjectKeyIdentifier)?.value);
  if (said !== undefined && said !== keyIdentifier(publicKey))
    throw refused('the subject key identifier is not the one requested; ask for it unchanged');
  for (const [index, certificate] of certificates.entries()) {
    requireAuthority(certificate, certificates[index + 1] ?? certificate, index + 1, now);
  }
}

/** `belowCount`: authorities below it; the site's issuing authority is one of them. */
function requireAuthority(
  certificate: X509Certificate,
  issuer: X509Certificate,
  belowCount: number,
  now: number,
): void {
  const { subject, validFromDate, validToDate } = certificate;
  if (!isIssuedBy(certificate, issuer)) throw refused(`${subject} is not issued by the next one`);
  const { extensions } = readCertificate(certificate.raw);
  const constraints = extensions.get(identifiers.basicConstraints);
  const usages = extensions.get(identifiers.keyUsage);
  const limits = constraints && readBasicConstraints(constraints.value);
  if (limits?.isAuthority !== true) throw refused(`${subject} is no authority (CA:TRUE)`);
  if (limits.pathLength !== undefined && limits.pathLength < belowCount)
    throw refused(`${subject} has path length ${limits.pathLength}; it needs ${belowCount}`);
  if (usages !== undefined && !readKeyUsages(usages.value).includes('keyCertSign'))
    throw refused(`${subject} may not sign certificates`);
  if (now < validFromDate.getTime() || now > validToDate.getTime())
    throw refused(`${subject} is not valid now`);
}

function refused(detail: string): GatewayError {
  return new GatewayError('certificate-refused', `chain: ${detail}`);
}
