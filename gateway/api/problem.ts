import type { RefusalReason } from '../access/authorise.ts';
import { type FailureCode, failures, type GatewayError } from '../core/error.ts';

/** A problem detail (RFC 9457). `code` is ours: what a program tells problems apart by. */
export interface Problem {
  readonly kind: 'problem';
  readonly status: number;
  readonly code: string;
  readonly title: string;
  /** What was wrong with this request; never what it holds. */
  readonly detail?: string | undefined;
  readonly headers?: Readonly<Record<string, string>> | undefined;
}

/** What can be wrong with a request itself. The site's failures are in `core/error.ts`. */
const problems = {
  'bad-request': { status: 400, title: 'The request is malformed.' },
  unauthenticated: { status: 401, title: 'Sign in, or show a certificate or a token.' },
  forbidden: { status: 403, title: 'Your role may not do this.' },
  'not-found': { status: 404, title: 'There is nothing here.' },
  'method-not-allowed': { status: 405, title: 'This cannot be done here; see Allow.' },
  'request-timeout': { status: 408, title: 'The request took too long.' },
  conflict: { status: 409, title: 'It is not in a state that allows this.' },
  'body-too-large': { status: 413, title: 'The body is larger than anything asked for here.' },
  'address-too-long': { status: 414, title: 'The address is too long.' },
  'media-type': { status: 415, title: 'Send the media type the interface declares.' },
  invalid: { status: 422, title: 'The request is not of the shape the interface declares.' },
  'too-many': { status: 429, title: 'Too many requests; wait as long as Retry-After says.' },
  'headers-too-large': { status: 431, title: 'The header fields are too large.' },
  'sign-in-refused': { status: 401, title: 'Name, password or code is wrong.' },
  'sign-on-refused': { status: 401, title: 'The hospital’s sign-on lets nobody in by this.' },
  'code-needed': { status: 401, title: 'Send a code of the second factor too, as totp.' },
  csrf: { status: 403, title: 'A change within a session needs its X-CSRF-Token.' },
  fault: { status: 500, title: 'A fault of the gateway; it was recorded.' },
} as const satisfies Record<string, { status: number; title: string }>;

export type ProblemCode = keyof typeof problems;

export function problem(code: ProblemCode, detail?: string, headers?: Problem['headers']): Problem {
  return { kind: 'problem', code, ...problems[code], detail, headers };
}

/** For an error of fastify or of Node that carries a status: the problem of that status. */
export function problemOfStatus(status: number): Problem {
  const known = Object.entries(problems).find(([, row]) => row.status === status);
  return problem(
    (known?.[0] as ProblemCode | undefined) ?? (status < 500 ? 'bad-request' : 'fault'),
  );
}

export function problemOfRefusal(reason: RefusalReason): Problem {
  if (reason === 'unknown') {
    return problem('unauthenticated', undefined, { 'www-authenticate': 'Bearer realm="wardgate"' });
  }
  return problem('forbidden', refusalDetails[reason]);
}

const refusalDetails: Readonly<Record<Exclude<RefusalReason, 'unknown'>, string>> = {
  'first-steps': 'Change the password and enrol a second factor first.',
  role: 'No right of this role; docs/access.md has the table.',
  owner: 'Only for what is one’s own, or, for a review, what is not.',
  glass: 'Only after breaking the glass: POST /api/v1/break-glass with a reason.',
};

/** Failures whose cause is the request, by status. All others are the gateway's: 500, or 503 below. */
const statuses: Readonly<Partial<Record<FailureCode, number>>> = {
  usage: 400,
  'device-unknown': 404,
  'device-exists': 409,
  'quarantine-refused': 422,
  'confirm-clinical': 409,
  'response-unknown': 404,
  'response-state': 409,
  'not-quarantined': 409,
  'finding-unknown': 404,
  'finding-state': 409,
  'profile-unknown': 422,
  'profile-invalid': 422,
  'subject-invalid': 422,
  'certificate-refused': 422,
  'user-unknown': 404,
  'user-exists': 409,
  'user-kind': 409,
  'user-limit': 409,
  'last-administrator': 409,
  'password-refused': 422,
  'session-over': 401,
  'sign-on-unreachable': 502,
  busy: 503,
  'store-full': 503,
  'store-locked': 503,
};

/** A failure of the site in the form of HTTP. Paths and causes stay inside. */
export function problemOfFailure({ code, message }: GatewayError): Problem {
  const status = statuses[code] ?? 500;
  const detail = status < 500 ? message : undefined;
  return { kind: 'problem', status, code, title: failures[code].remedy, detail };
}

/** `application/problem+json`. */
export function problemBody({ status, code, title, detail }: Problem): string {
  return JSON.stringify({ type: `urn:wardgate:problem:${code}`, title, status, detail, code });
}
