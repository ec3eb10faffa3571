import type { EnrolmentRequest, EstOptions, RenewalRequest } from '../api/est.ts';
import { GatewayError } from '../core/error.ts';
import type { Log } from '../core/event.ts';
import type { Role } from '../core/principal.ts';
import type { Admission } from '../keeper/admission.ts';
import { toCertsOnly } from '../pki/certs-only.ts';
import { readRequest } from '../pki/request.ts';
import type { SubscriberKind } from '../pki/site-pki.ts';
import type { Enrolment } from './certificate-calls.ts';
import type { Trust } from './trust.ts';

export interface EstEnrolmentOptions {
  readonly trust: Trust;
  readonly call: Admission['call'];
  readonly now: () => number;
  readonly log: Log;
}

/** Who may renew what, by the role its certificate gives it. */
const kinds: Readonly<Partial<Record<Role, SubscriberKind>>> = {
  device: 'enrolled-device',
  consumer: 'consumer',
  machine: 'operator',
  flow: 'flow',
};

/** Requests that wait for the one before them; a ward of new devices enrols within a minute. */
const waitingMax = 32;

/** The gateway's side of EST: decides, issues, keeps, and only then hands out a certificate. */
export function estEnrolment({ trust, call, now, log }: EstEnrolmentOptions): EstOptions {
  const patience = new TokenPatience();
  const inTurn = oneAtATime();

  /** One at a time, so that a token that comes twice at once is signed for once. */
  async function issue(enrolment: Enrolment, request: string): Promise<Uint8Array | undefined> {
    if (!(await call('mayEnrol', enrolment, now()))) return undefined;
    const { kind, subject } = enrolment;
    const csrPem = pemOf(request);
    requireName(csrPem, subject);
    const issued = await trust.pki.issue(kind, subject, { csrPem, now: now() });
    const { serialNumber, fingerprint256: fingerprint, notBefore, notAfter } = issued;
    const replaces = enrolment.by === 'certificate' ? enrolment.fingerprint : undefined;
    const certificate = { serialNumber, fingerprint, notBefore, notAfter, kind, subject, replaces };
    // Nobody gets a certificate that is not in the register: it could not be revoked.
    if (!(await call('enrol', enrolment, certificate, now()))) return undefined;
    // The links must know it before the device comes with it.
    await trust.refresh();
    log('certificate.issued', { kind, subject, serialNumber, by: enrolment.by });
    return toCertsOnly(issued.chainPem);
  }

  async function enrolOrNote(
    enrolment: Enrolment,
    request: string,
    actor: string,
  ): Promise<Uint8Array | undefined> {
    const note = (detail: string) =>
      call('noteEnrolmentRefused', { actor, object: enrolment.subject, detail, at: now() });
    try {
      const answer = await inTurn(() => issue(enrolment, request));
      if (answer === undefined) await note(refusalOf(enrolment));
      return answer;
    } catch (error) {
      if (error instanceof GatewayError && error.code === 'certificate-refused')
        await note(error.message);
      throw error;
    }
  }

  return {
    authorities: () => toCertsOnly(trust.pki.authoritiesPem),
    async enrol({ device, token, request, address }: EnrolmentRequest) {
      const waitSeconds = patience.wait(address, performance.now());
      if (waitSeconds > 0) return waitSeconds;
      const enrolment = { by: 'token', kind: 'enrolled-device', subject: device, token } as const;
      const answer = await enrolOrNote(enrolment, request, `address:${address}`);
      if (answer === undefined) patience.failed(address, performance.now());
      return answer;
    },
    async renew({ principal, request }: RenewalRequest) {
      const { id: subject, role, certificate: fingerprint } = principal;
      const kind = kinds[role];
      if (kind === undefined || fingerprint === undefined) return undefined;
      const enrolment = { by: 'certificate', kind, subject, fingerprint } as const;
      return enrolOrNote(enrolment, request, `${role}:${subject}`);
    },
  };
}

function refusalOf({ by }: Enrolment): string {
  return by === 'token' ? 'the token is wrong, spent or too old' : 'not registered, or revoked';
}

/** RFC 7030 4.2.2: it names whom it is for. The lint sees to it that it names nobody else. */
function requireName(csrPem: string, subject: string): void {
  if (readRequest(csrPem).commonNames.includes(subject)) return;
  throw new GatewayError('certificate-refused', `request-name: its common name is not ${subject}`);
}

function pemOf(base64: string): string {
  return `-----BEGIN CERTIFICATE REQUEST-----\n${base64}\n-----END CERTIFICATE REQUEST-----\n`;
}

/** Runs tasks one after the other, in order. */
function oneAtATime(): <Result>(task: () => Promise<Result>) => Promise<Result> {
  let last: Promise<unknown> = Promise.resolve();
  let waiting = 0;
  return async (task) => {
    if (waiting >= waitingMax) throw new GatewayError('store-locked', 'too many enrol at once');
    waiting += 1;
    const result = last.then(task);
    last = result.catch(() => undefined);
    try {
      return await result;
    } finally {
      waiting -= 1;
    }
  };
}

const waitSecondsMax = 60;
/** An address that waited this long without another mistake starts over. */
const forgottenAfterMs = 600_000;
const addressesMax = 4_096;

/**
 * Whoever guesses tokens waits longer each time. By address: nobody can lock a device out. Times are
 * milliseconds of one monotonic clock.
 */
class TokenPatience {
  readonly #addresses = new Map<string, { failures: number; until: number }>();

  /** Seconds that this address has to wait. */
  wait(address: string, now: number): number {
    const known = this.#addresses.get(address);
    return known === undefined ? 0 : Math.max(0, Math.ceil((known.until - now) / 1_000));
  }

  failed(address: string, now: number): void {
    const known = this.#addresses.get(address);
    const isRecent = known !== undefined && now - known.until < forgottenAfterMs;
    const failures = 1 + (isRecent ? known.failures : 0);
    const seconds = Math.min(waitSecondsMax, 2 ** (failures - 1));
    // The newest goes last, and the oldest is forgotten first.
    this.#addresses.delete(address);
    this.#addresses.set(address, { failures, until: now + seconds * 1_000 });
    const oldest = this.#addresses.keys().next().value;
    if (this.#addresses.size > addressesMax && oldest !== undefined) this.#addresses.delete(oldest);
  }
}
