import type { PeerCertificate } from 'node:tls';
import { DeviceId } from '../core/device.ts';
import type { Instant } from '../core/observation.ts';

export interface DeviceIdentity {
  readonly device: DeviceId;
  /** SHA-256 of the whole certificate: two connections with the same one are the same device. */
  readonly fingerprint: string;
}

/** Why a certificate that TLS accepted still names no device. */
export type IdentityRefusal = 'certificate-name' | 'certificate-uri' | 'certificate-expired';

type Certificate = Pick<
  PeerCertificate,
  'subject' | 'subjectaltname' | 'fingerprint256' | 'valid_from' | 'valid_to'
>;

/**
 * Reads who a device is from the certificate TLS has already verified.
 * Its common name is the device id and its only alternative name is the URI of that id, so a
 * certificate made for anything else — a server, a consumer, another site's naming — is no device.
 * `kind` is the word in the URI where the certificate is to name something else than a device.
 */
export function identify(
  certificate: Certificate,
  now: Instant,
  kind = 'device',
): DeviceIdentity | IdentityRefusal {
  // A CN of `+` or `#` would be a wildcard in a topic; `DeviceId` lets neither through.
  const name = DeviceId.safeParse(certificate.subject?.CN);
  if (!name.success) return 'certificate-name';
  if (certificate.subjectaltname !== `URI:urn:wardgate:${kind}:${name.data}`)
    return 'certificate-uri';
  // A resumed TLS session skips the check of the dates.
  const isInTime =
    Date.parse(certificate.valid_from) <= now && now <= Date.parse(certificate.valid_to);
  if (!isInTime) return 'certificate-expired';
  return { device: name.data, fingerprint: certificate.fingerprint256 };
}
