import 'reflect-metadata';
import { type KeyObject, randomBytes, X509Certificate } from 'node:crypto';
import * as x509 from '@peculiar/x509';
import { keyIdentifier, publicKeyBytes } from './keys.ts';
import type { Issuer, Order } from './lint.ts';

/** Clocks of devices run late: a fresh certificate has been valid this long already. */
const backdateMs = 300_000;
/** Random octets of a serial number. */
const serialNumberBytes = 16;

export type CertificatePlan = Omit<x509.X509CertificateCreateWithKeyParams, 'signingKey'>;

/** Everything that is signed, so that building twice gives the same bytes twice. */
export function planCertificate(order: Order, issuer: Issuer | undefined): CertificatePlan {
  const { profile, commonName, now } = order;
  const publicKey = publicKeyBytes(order.publicKey);
  const subject = new x509.Name([{ CN: [{ utf8String: commonName }] }]);
  // X.509 knows whole seconds, and both ends count (RFC 5280 4.1.2.5).
  const second = Math.floor(now / 1_000) * 1_000;
  const notBefore = Math.max(second - backdateMs, issuer?.notBefore ?? 0);
  const lifeMs = profile.validityDays * 86_400_000 - 1_000;
  const notAfter = Math.min(notBefore + lifeMs, issuer?.notAfter ?? Number.POSITIVE_INFINITY);
  return {
    serialNumber: randomBytes(serialNumberBytes).toString('hex'),
    subject,
    issuer: issuer === undefined ? subject : new x509.Name(Buffer.from(issuer.name)),
    notBefore: new Date(notBefore),
    notAfter: new Date(notAfter),
    signingAlgorithm: { name: 'ECDSA', hash: 'SHA-256' },
    publicKey,
    extensions: extensionsOf(order, keyIdentifier(publicKey), issuer),
  };
}

function extensionsOf(order: Order, own: string, issuer: Issuer | undefined): x509.Extension[] {
  const { profile, alternativeNames } = order;
  const usages = profile.keyUsages.reduce((sum, usage) => sum | x509.KeyUsageFlags[usage], 0);
  const names = alternativeNames.map(({ kind, value }) => ({
    type: kind === 'uri' ? ('url' as const) : kind,
    value,
  }));
  const extended = profile.extendedKeyUsages.map((usage) => x509.ExtendedKeyUsage[usage]);
  return [
    new x509.BasicConstraintsExtension(profile.isAuthority, profile.pathLength, true),
    new x509.KeyUsagesExtension(usages, true),
    ...(extended.length > 0 ? [new x509.ExtendedKeyUsageExtension(extended)] : []),
    ...(names.length > 0 ? [new x509.SubjectAlternativeNameExtension(names)] : []),
    new x509.SubjectKeyIdentifierExtension(own),
    new x509.AuthorityKeyIdentifierExtension(issuer?.keyIdentifier ?? own),
  ];
}

export async function buildCertificate(
  plan: CertificatePlan,
  privateKey: KeyObject,
): Promise<X509Certificate> {
  const algorithm = { name: 'ECDSA', namedCurve: 'P-256' };
  const signingKey = privateKey.toCryptoKey(algorithm, false, ['sign']);
  const { rawData } = await x509.X509CertificateGenerator.create({ ...plan, signingKey });
  return new X509Certificate(Buffer.from(rawData));
}
