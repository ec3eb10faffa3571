import type { PeerCertificate } from 'node:tls';
import type { CertificateStanding } from '../core/certificate-standing.ts';
import { DeviceId } from '../core/device.ts';
import type { Instant } from '../core/observation.ts';

export interface DeviceIdentity {
  readonly device: DeviceId;
  /** SHA-256 of the whole certificate: two connections with the same one are the same device. */
  readonly fingerprint: string;
  /** Present when the certificate has expired and the site still lets it in until then. */
  readonly graceUntil?: Instant | undefined;
  /** A system that reads what is released; `device` is its own id. */
  readonly isConsumer?: true;
}

/**
 * Why nobody is let in by this certificate: a code of OpenSSL's verification such as
 * `INVALID_PURPOSE`, or one of ours.
 */
export interface Distrust {
  readonly distrust: string;
}

/** The distrust of whoever shows none. */
export const certificateMissing = 'certificate-missing';

/** Why a certificate that is trusted still names no device. */
export type IdentityRefusal = 'certificate-name' | 'certificate-uri';

/** What a finished TLS handshake says of the other side. */
export interface Peer {
  /** What OpenSSL found wrong with the chain; undefined or null when nothing. */
  readonly authorizationError: unknown;
  getPeerCertificate(): Partial<
    Pick<
      PeerCertificate,
      | 'subject'
      | 'subjectaltname'
      | 'fingerprint256'
      | 'valid_from'
      | 'valid_to'
      | 'bits'
      | 'modulus'
    >
  >;
}

/**
 * The one verdict on a device's certificate, for every listener. OpenSSL verifies the chain, the
 * signature and the purpose; everything else is decided here, and what is not expressly good is
 * refused.
 *
 * A resumed TLS session carries the verdict of its first handshake, so the dates and the standing
 * are looked at each time.
 *
 * @param kind the word in the URI where the certificate is to name something else than a device.
 */
export function identify(
  peer: Peer,
  standing: CertificateStanding,
  now: Instant,
  kind = 'device',
): DeviceIdentity | IdentityRefusal | Distrust {
  const certificate = peer.getPeerCertificate();
  const { fingerprint256: fingerprint, valid_from, valid_to } = certificate;
  if (fingerprint === undefined) return { distrust: certificateMissing };
  if (standing.isRevoked(fingerprint)) return { distrust: 'certificate-revoked' };
  if (!(Date.parse(valid_from ?? '') <= now)) return { distrust: 'CERT_NOT_YET_VALID' };
  const isInTime = now <= Date.parse(valid_to ?? '');
  const graceUntil = isInTime ? undefined : graceOf(fingerprint, standing, now);
  if (graceUntil === undefined) {
    const error = peer.authorizationError ?? undefined;
    if (error !== undefined) return { distrust: faultOf(String(error), certificate) };
    if (!isInTime) return { distrust: 'CERT_HAS_EXPIRED' };
  }
  // A CN of `+` or `#` would be a wildcard in a topic; `DeviceId` lets neither through.
  const name = DeviceId.safeParse(certificate.subject?.CN);
  if (!name.success) return 'certificate-name';
  if (certificate.subjectaltname !== `URI:urn:wardgate:${kind}:${name.data}`)
    return 'certificate-uri';
  return { device: name.data, fingerprint, ...(graceUntil !== undefined && { graceUntil }) };
}

/** What is below 112 bits of strength (NIST SP 800-57 Part 1, table 2), as the TLS policy has it. */
const rsaBitsMin = 2_048;
const curveBitsMin = 224;

/** Node has no word of its own for a key that is too small, among others. */
function faultOf(error: string, { bits, modulus }: ReturnType<Peer['getPeerCertificate']>): string {
  const bitsMin = modulus === undefined ? curveBitsMin : rsaBitsMin;
  const isWeak = error === 'UNSPECIFIED' && bits !== undefined && bits < bitsMin;
  return isWeak ? 'certificate-weak-key' : error;
}

/** Who is on the line at the broker: a device, or a consumer of what is released. */
export function identifyClient(
  peer: Peer,
  standing: CertificateStanding,
  now: Instant,
): DeviceIdentity | IdentityRefusal | Distrust {
  const verdict = identify(peer, standing, now);
  if (verdict !== 'certificate-uri') return verdict;
  const consumer = identify(peer, standing, now, 'consumer');
  if (typeof consumer === 'string' || 'distrust' in consumer) return verdict;
  return { ...consumer, isConsumer: true };
}

/**
 * OpenSSL reports one fault of several: that a certificate has expired hides that a stranger issued
 * it. So its verdict counts for nothing here. The grace names the whole certificate by its hash, it
 * is given only to certificates this site issued, and the site's authority has signed it.
 */
function graceOf(
  fingerprint: string,
  standing: CertificateStanding,
  now: Instant,
): Instant | undefined {
  const until = standing.graceUntil(fingerprint);
  return until !== undefined && now <= until ? until : undefined;
}
