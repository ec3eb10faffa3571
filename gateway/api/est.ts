import { z } from 'zod';
import type { Principal } from '../core/principal.ts';
import { type Problem, problem } from './problem.ts';
import { type Answer, answerBytes, type Caller, defineRoute, type Route } from './route.ts';

/** A device that asks for its first certificate, and the token it was given. */
export interface EnrolmentRequest {
  readonly device: string;
  readonly token: string;
  /** PKCS#10 in base64. */
  readonly request: string;
  /** Remote address without its port. */
  readonly address: string;
}

export interface RenewalRequest {
  readonly principal: Principal;
  readonly request: string;
}

/** What enrolment over HTTPS needs of the gateway. Messages of certificates only, as DER. */
export interface EstOptions {
  readonly authorities: () => Uint8Array;
  /** A number is seconds to wait after wrong tokens; undefined: the token is not good. */
  readonly enrol: (request: EnrolmentRequest) => Promise<Uint8Array | number | undefined>;
  /** Undefined: whoever has this certificate is not registered any more. */
  readonly renew: (request: RenewalRequest) => Promise<Uint8Array | undefined>;
}

const requestType = 'application/pkcs10';
const requestBytesMax = 16_384;
/** RFC 7617; a device id, a colon and the token. */
const credentialCharsMax = 256;

const Request = z
  .instanceof(Uint8Array)
  .refine((bytes) => bytes.length > 0 && bytes.length <= requestBytesMax, 'too long or empty')
  .transform((bytes) => Buffer.from(bytes).toString('latin1').trim())
  .refine((text) => /^[A-Za-z0-9+/=\r\n]+$/.test(text), 'a PKCS#10 request in base64, without PEM');

/**
 * Enrolment over Secure Transport (RFC 7030): the authorities, a first certificate for a one-time
 * token, and the next one for the certificate in use.
 */
export function estRoutes({ authorities, enrol, renew }: EstOptions): readonly Route[] {
  return [
    defineRoute({
      method: 'GET',
      path: '/.well-known/est/cacerts',
      action: 'trust.read',
      summary: 'The authorities of the site (RFC 7030 4.1).',
      handle: () => certsOnly(authorities()),
    }),
    defineRoute({
      method: 'POST',
      path: '/.well-known/est/simpleenroll',
      action: 'certificate.enrol',
      summary: 'A first certificate, for device id and one-time token (RFC 7030 4.2.1).',
      takes: [requestType],
      body: Request,
      async handle({ caller, body }) {
        const credentials = basicCredentials(caller);
        if (credentials === undefined) return unauthenticated();
        const { address } = caller;
        const answer = await enrol({ ...credentials, request: body, address });
        if (answer === undefined) return unauthenticated();
        if (typeof answer !== 'number') return certsOnly(answer);
        return problem('too-many', undefined, { 'retry-after': `${answer}` });
      },
    }),
    defineRoute({
      method: 'POST',
      path: '/.well-known/est/simplereenroll',
      action: 'certificate.renew',
      summary: 'The next certificate, for the one that is shown (RFC 7030 4.2.2).',
      takes: [requestType],
      body: Request,
      async handle({ principal, body }) {
        if (principal?.by !== 'certificate') return unauthenticated();
        const answer = await renew({ principal, request: body });
        return answer === undefined ? problem('forbidden') : certsOnly(answer);
      },
    }),
  ];
}

/** RFC 7030 4.1.3 and 4.2.3. */
function certsOnly(message: Uint8Array): Answer {
  return answerBytes(
    'application/pkcs7-mime; smime-type=certs-only',
    Buffer.from(message).toString('base64'),
    200,
    { 'content-transfer-encoding': 'base64' },
  );
}

function unauthenticated(): Problem {
  const headers = { 'www-authenticate': 'Basic realm="wardgate enrolment", charset="UTF-8"' };
  return problem('unauthenticated', 'A device id and its one-time token.', headers);
}

function basicCredentials({
  headers,
}: Caller): { readonly device: string; readonly token: string } | undefined {
  const { authorization } = headers;
  if (typeof authorization !== 'string' || authorization.length > credentialCharsMax)
    return undefined;
  const encoded = /^Basic ([A-Za-z0-9+/=]+)$/i.exec(authorization)?.[1];
  if (encoded === undefined) return undefined;
  const [device, token, ...others] = Buffer.from(encoded, 'base64').toString('utf8').split(':');
  if (!device || !token || others.length > 0) return undefined;
  return { device, token };
}
