import assert from 'node:assert/strict';
import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto';
import type { CertificateProfile } from '../core/certificate-profile.ts';
import { GatewayError } from '../core/error.ts';
import { identifiers, readBasicConstraints, readCertificate } from './certificate-fields.ts';
import { type GraceClaims, type SignedGrace, signGrace } from './grace.ts';
import { generateKey, type KeyPair, keyIdentifier, readPrivateKey } from './keys.ts';
import {
  type Candidate,
  type Issuer,
  type LintFinding,
  lintCertificate,
  lintOrder,
  type Order,
} from './lint.ts';
import type { AlternativeName } from './names.ts';
import { type CertificateStatus, makeOcspResponse, type OcspQuestion } from './ocsp.ts';
import { readRequest } from './request.ts';
import { makeRevocationList, type RevocationListOrder } from './revocation-list.ts';

/** Signs certificates. Its private key never leaves it. */
export interface Authority {
  readonly certificatePem: string;
  /** What a subscriber sends after its own certificate: up to the root, without the root. */
  readonly chainPem: string;
  /** @throws GatewayError `certificate-refused`, naming every lint that found something. */
  issue(order: IssueOrder): Promise<IssuedCertificate>;
  /** PEM. */
  revocationList(order: RevocationListOrder): string;
  ocspResponse(
    question: OcspQuestion,
    status: readonly CertificateStatus[],
    times: { readonly thisUpdate: number; readonly nextUpdate: number },
  ): Buffer;
  grace(claims: GraceClaims): SignedGrace;
}

interface IssueOrder {
  readonly profile: CertificateProfile;
  readonly commonName: string;
  readonly alternativeNames?: readonly AlternativeName[];
  /** The subscriber's key, or a request (PKCS#10, PEM) that proves it. */
  readonly key: { readonly publicKey: KeyObject } | { readonly csrPem: string };
  /** Milliseconds since the epoch. */
  readonly now: number;
}

export interface IssuedCertificate {
  readonly certificatePem: string;
  /** The certificate and the authorities below the root, in the order of a TLS handshake. */
  readonly chainPem: string;
  /** Upper-case hexadecimal, as node:tls shows a peer's. */
  readonly serialNumber: string;
  /** Milliseconds since the epoch. */
  readonly notBefore: number;
  readonly notAfter: number;
  /** SHA-256 in upper-case hexadecimal with colons, as node:tls shows a peer's. */
  readonly fingerprint256: string;
}

/**
 * Makes an authority: a root, or below `issuer`. Without `key` its key lives and dies with the
 * process.
 */
export async function createAuthority(order: {
  readonly profile: CertificateProfile;
  readonly commonName: string;
  readonly now: number;
  readonly issuer?: Authority;
  readonly key?: KeyPair;
}): Promise<Authority> {
  const { profile, commonName, now, issuer } = order;
  assert(profile.isAuthority, `${profile.id} is no profile of an authority`);
  const key = order.key ?? (await generateKey('ecdsa-p256'));
  if (issuer !== undefined) {
    const { certificatePem, chainPem } = await issuer.issue({ profile, commonName, key, now });
    return openAuthority({ certificatePem, chainPem, privateKeyPem: key.privateKeyPem });
  }
  const own = { profile, commonName, alternativeNames: [], publicKey: key.publicKey, now };
  const { certificatePem } = await sign(own, createPrivateKey(key.privateKeyPem), undefined);
  return openAuthority({ certificatePem, chainPem: '', privateKeyPem: key.privateKeyPem });
}

/**
 * An authority that was made before. `chainPem`: see Authority.
 *
 * @throws GatewayError `secret-missing` when the key is damaged or another one’s.
 */
export function openAuthority(parts: {
  readonly certificatePem: string;
  readonly chainPem: string;
  readonly privateKeyPem: string;
}): Authority {
  const { certificatePem, chainPem } = parts;
  const certificate = new X509Certificate(certificatePem);
  const privateKey = readPrivateKey(parts.privateKeyPem, certificate.subject);
  if (!certificate.checkPrivateKey(privateKey))
    throw new GatewayError('secret-missing', `the key of ${certificate.subject} is another one’s`);
  return {
    certificatePem,
    chainPem,
    async issue({ profile, commonName, alternativeNames = [], key, now }) {
      const request = 'csrPem' in key ? readRequest(key.csrPem) : undefined;
      const publicKey = 'csrPem' in key ? request?.publicKey : key.publicKey;
      assert(publicKey !== undefined);
      const order = { profile, commonName, alternativeNames, publicKey, request, now };
      const issued = await sign(order, privateKey, certificate);
      return { ...issued, chainPem: issued.certificatePem + chainPem };
    },
    revocationList: (order) => makeRevocationList(order, certificate, privateKey),
    ocspResponse: (question, status, times) =>
      makeOcspResponse(question, status, times, certificate, privateKey),
    grace: (claims) => signGrace(claims, privateKey),
  };
}

/**
 * The one place where the real key signs. The certificate is built and signed with a throw-away
 * key first; only when the lint finds nothing in it are the same bytes signed with the real one.
 */
async function sign(
  order: Order,
  privateKey: KeyObject,
  issuerCertificate: X509Certificate | undefined,
): Promise<Omit<IssuedCertificate, 'chainPem'>> {
  const issuer = issuerCertificate && issuerOf(issuerCertificate);
  refuse(lintOrder(order, issuer));
  // Loaded only where a certificate is made: a running gateway reads certificates, it issues few.
  const { buildCertificate, planCertificate } = await import('./certificate-builder.ts');
  const plan = planCertificate(order, issuer);
  const throwAway = createPrivateKey((await generateKey('ecdsa-p256')).privateKeyPem);
  const draft = await buildCertificate(plan, throwAway);
  const candidate = candidateOf(draft);
  refuse(lintCertificate(candidate, order, issuer ?? selfOf(candidate)));

  const certificate = await buildCertificate(plan, privateKey);
  const signed = readCertificate(certificate.raw).toBeSigned;
  assert(Buffer.compare(signed, candidate.fields.toBeSigned) === 0, 'signed what was not linted');
  assert(certificate.verify(issuerCertificate?.publicKey ?? order.publicKey));
  assert(certificate.checkIssued(issuerCertificate ?? certificate));
  return {
    certificatePem: certificate.toString(),
    serialNumber: certificate.serialNumber,
    notBefore: certificate.validFromDate.getTime(),
    notAfter: certificate.validToDate.getTime(),
    fingerprint256: certificate.fingerprint256,
  };
}

function refuse(findings: readonly LintFinding[]): void {
  if (findings.length === 0) return;
  const detail = findings.map((finding) => `${finding.lint}: ${finding.detail}`).join('; ');
  throw new GatewayError('certificate-refused', detail);
}

function issuerOf(certificate: X509Certificate): Issuer {
  const { fields, notBefore, notAfter } = candidateOf(certificate);
  return { ...selfOf({ fields, notBefore, notAfter }), name: fields.subject };
}

/** The certificate as its own issuer. */
function selfOf({ fields, notBefore, notAfter }: Candidate): Issuer {
  const constraints = fields.extensions.get(identifiers.basicConstraints);
  return {
    name: fields.subject,
    keyIdentifier: keyIdentifier(fields.publicKey),
    pathLength: constraints && readBasicConstraints(constraints.value).pathLength,
    notBefore,
    notAfter,
  };
}

function candidateOf(certificate: X509Certificate): Candidate {
  return {
    fields: readCertificate(certificate.raw),
    notBefore: certificate.validFromDate.getTime(),
    notAfter: certificate.validToDate.getTime(),
  };
}
