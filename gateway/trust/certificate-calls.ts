import type { DeviceId } from '../core/device.ts';
import { GatewayError } from '../core/error.ts';
import type { Role } from '../core/principal.ts';
import type { RevocationReason } from '../core/revocation.ts';
import type { SubscriberKind } from '../pki/site-pki.ts';
import type { NewCertificate, RegisteredCertificate, StandingRows } from '../store/certificates.ts';
import type { Store } from '../store/store.ts';
import { isGoodToken } from './enrolment.ts';

/** Whom an enrolment is for, and by what it is allowed. */
export type Enrolment = {
  readonly kind: SubscriberKind;
  /** The common name: of a device, its id. */
  readonly subject: string;
} & (
  | { readonly by: 'token'; readonly token: string }
  /** Fingerprint of the certificate in use. */
  | { readonly by: 'certificate'; readonly fingerprint: string }
);

export interface RevocationOrder {
  /** The common name: of a device, its id. */
  readonly subject: string;
  readonly kinds: readonly SubscriberKind[];
  /** One certificate; all of them when left out. Hexadecimal. */
  readonly serialNumber?: string | undefined;
  readonly reason: RevocationReason;
  readonly actor: string;
  readonly at: number;
}

/** Somebody who did not get a certificate, and why. */
interface EnrolmentRefusal {
  readonly actor: string;
  readonly object: string;
  readonly detail: string;
  readonly at: number;
}

/** What the keeper thread does about certificates, for the main thread. */
export interface CertificateCalls {
  /** Undefined while nothing changed since that revision. */
  standing(
    revision: number,
    at: number,
  ): (StandingRows & { readonly revision: number }) | undefined;
  /** Whether this enrolment would be allowed now. Changes nothing. */
  mayEnrol(enrolment: Enrolment, at: number): boolean;
  /** Spends the token and keeps the certificate, or does neither and says false. */
  enrol(enrolment: Enrolment, certificate: NewCertificate, at: number): boolean;
  revoke(order: RevocationOrder): readonly string[];
  certificate(serialNumber: string): RegisteredCertificate | undefined;
  /** What a new revocation list says; its number is used up. */
  nextRevocationList(at: number): RevocationListContent;
  certificates(at: number): readonly RegisteredCertificate[];
  noteEnrolmentRefused(refusal: EnrolmentRefusal): void;
}

interface RevocationListContent {
  readonly number: number;
  readonly revoked: readonly RegisteredCertificate[];
}

/** As the audit trail names who comes by such a certificate. */
const roleNames: Readonly<Partial<Record<SubscriberKind, Role>>> = { operator: 'machine' };

/** Kinds that are good only for a device that is registered. */
export const deviceKinds: readonly SubscriberKind[] = ['device', 'enrolled-device'];

const listNumber = 'revocation-list-number';

export function certificateCalls(store: Store): CertificateCalls {
  const { certificates, devices, audit, counters } = store;

  function mayEnrol(enrolment: Enrolment, at: number): boolean {
    const { kind, subject } = enrolment;
    if (deviceKinds.includes(kind) && devices.find(subject) === undefined) return false;
    if (enrolment.by === 'token') return isGoodToken(enrolment.token, devices.token(subject), at);
    return certificates
      .of(subject, [kind, ...deviceKinds])
      .every(
        ({ fingerprint, revokedAt }) =>
          fingerprint !== enrolment.fingerprint || revokedAt === undefined,
      );
  }

  return {
    standing(revision, at) {
      const current = certificates.revision();
      return current === revision ? undefined : { ...certificates.standing(at), revision: current };
    },
    mayEnrol,
    enrol: (enrolment, certificate, at) =>
      store.transact(() => {
        if (!mayEnrol(enrolment, at)) return false;
        const { by, subject, kind } = enrolment;
        const isDevice = deviceKinds.includes(kind);
        if (by === 'token') devices.setToken(subject as DeviceId, undefined);
        certificates.add(certificate);
        audit.add({
          at,
          actor: `${isDevice ? 'device' : (roleNames[kind] ?? kind)}:${subject}`,
          action: isDevice ? 'device.enrol' : 'certificate.issue',
          object: subject,
          outcome: 'success',
          detail: `certificate ${certificate.serialNumber} by ${by}`,
        });
        return true;
      }),
    revoke: (order) => store.transact(() => revoke(store, order)),
    certificate: (serialNumber) => certificates.find(serialNumber),
    nextRevocationList: (at) =>
      store.transact(() => {
        counters.add(listNumber, 1);
        return { number: counters.all()[listNumber] ?? 1, revoked: certificates.revoked(at) };
      }),
    certificates: (at) => certificates.current(at),
    noteEnrolmentRefused: (refusal) =>
      store.transact(() => audit.add({ ...refusal, action: 'device.enrol', outcome: 'failure' })),
  };
}

/**
 * Revokes certificates, in the caller's transaction; with all of a device's goes its token. Returns
 * the serial numbers that were not revoked before.
 *
 * @throws GatewayError `certificate-unknown`.
 */
export function revoke(store: Store, order: RevocationOrder): readonly string[] {
  const { subject, kinds, serialNumber, reason, actor, at } = order;
  const wanted = serialNumber?.toUpperCase();
  const chosen = store.certificates
    .of(subject, kinds)
    .filter((each) => wanted === undefined || each.serialNumber === wanted);
  if (chosen.length === 0) {
    const which = wanted === undefined ? 'certificate' : `certificate ${wanted}`;
    throw new GatewayError('certificate-unknown', `${subject} has no ${which}`);
  }
  const revoked = chosen.filter((each) => store.certificates.revoke(each.serialNumber, at, reason));
  const isDevice = kinds.some((kind) => deviceKinds.includes(kind));
  if (isDevice && wanted === undefined) store.devices.setToken(subject as DeviceId, undefined);
  const serialNumbers = revoked.map((each) => each.serialNumber);
  store.audit.add({
    at,
    actor,
    action: isDevice ? 'device.revoke' : 'certificate.revoke',
    object: subject,
    outcome: 'success',
    detail: `${reason}: ${serialNumbers.join(' ') || 'nothing that was not revoked before'}`,
  });
  return serialNumbers;
}
