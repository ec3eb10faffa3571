import { X509Certificate } from 'node:crypto';
import type { RevocationOptions } from '../api/revocation.ts';
import { GatewayError } from '../core/error.ts';
import type { Admission } from '../keeper/admission.ts';
import { type CertificateStatus, malformedOcspRequest, readOcspRequest } from '../pki/ocsp.ts';
import type { RegisteredCertificate } from '../store/certificates.ts';
import type { Trust } from './trust.ts';

/** Whoever cannot reach the gateway for so long goes on with the list it has. */
const listLifeMs = 7 * 86_400_000;
/** A list is made anew long before it ends: a stale one makes its readers refuse a whole ward. */
const listRenewMs = 86_400_000;
const answerLifeMs = 3_600_000;

/** Signs what the gateway tells others about its certificates, from the register as it is. */
export function revocationAnswers({
  trust,
  call,
  now,
}: {
  readonly trust: Trust;
  readonly call: Admission['call'];
  readonly now: () => number;
}): RevocationOptions {
  let list: { readonly madeAt: number; readonly bytes: Uint8Array } | undefined;
  const forget = () => {
    list = undefined;
  };
  trust.onRevoked(forget);
  trust.onRenewed(forget);

  async function statusOf(serialNumber: string | undefined): Promise<CertificateStatus> {
    if (serialNumber === undefined) return { kind: 'unknown' };
    return statusIn(await call('certificate', serialNumber));
  }

  return {
    async issuingList() {
      const thisUpdate = now();
      // Also when the clock went back: a list of tomorrow is not valid today.
      const age =
        list === undefined ? Number.POSITIVE_INFINITY : Math.abs(thisUpdate - list.madeAt);
      if (list === undefined || age > listRenewMs) {
        const { number, revoked } = await call('nextRevocationList', thisUpdate);
        const pem = trust.pki.authority.revocationList({
          number,
          thisUpdate,
          nextUpdate: thisUpdate + listLifeMs,
          revoked: revoked.flatMap(({ serialNumber, revokedAt: at, reason }) =>
            at === undefined || reason === undefined ? [] : [{ serialNumber, at, reason }],
          ),
        });
        list = { madeAt: thisUpdate, bytes: bytesOf(pem) };
      }
      return list.bytes;
    },
    rootList: () => bytesOf(trust.pki.rootListPem),
    async ocsp(request) {
      const { authority } = trust.pki;
      const issuer = new X509Certificate(authority.certificatePem);
      const question = readOrUndefined(request, issuer);
      if (question === undefined) return malformedOcspRequest();
      const status = await Promise.all(
        question.certificates.map(({ serialNumber }) => statusOf(serialNumber)),
      );
      const thisUpdate = now();
      return authority.ocspResponse(question, status, {
        thisUpdate,
        nextUpdate: thisUpdate + answerLifeMs,
      });
    },
  };
}

function readOrUndefined(request: Uint8Array, issuer: X509Certificate) {
  try {
    return readOcspRequest(request, issuer);
  } catch (error) {
    if (error instanceof GatewayError) return undefined;
    throw error;
  }
}

/** RFC 6960 2.2: good is said of certificates that were issued, and of no other. */
function statusIn(certificate: RegisteredCertificate | undefined): CertificateStatus {
  if (certificate === undefined) return { kind: 'unknown' };
  const { revokedAt: at, reason } = certificate;
  return at === undefined || reason === undefined
    ? { kind: 'good' }
    : { kind: 'revoked', at, reason };
}

function bytesOf(pem: string): Uint8Array {
  return Buffer.from(pem.replaceAll(/-----[^-]+-----|\s/g, ''), 'base64');
}
