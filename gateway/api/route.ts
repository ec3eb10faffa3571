import type { z } from 'zod';
import type { Peer } from '../access/device-identity.ts';
import { type ActionName, actorOf, type Principal } from '../core/principal.ts';
import type { Problem } from './problem.ts';

/** Who asks, before anybody knows who it is. */
export interface Caller {
  readonly method: string;
  /** As asked for, with its query. */
  readonly url: string;
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  /** Remote address without its port. */
  readonly address: string;
  /** What the TLS handshake said of the client's certificate, if it showed one. */
  readonly peer: Peer;
}

/** One request to one route: allowed, and of the shape the route declares. */
export interface Call<Parameters = unknown, Query = unknown, Body = unknown> {
  readonly caller: Caller;
  /** Undefined on open routes only. */
  readonly principal: Principal | undefined;
  readonly parameters: Parameters;
  readonly query: Query;
  readonly body: Body;
  /** The connection was closed, or the session behind it was ended: a stream must end now. */
  readonly signal: AbortSignal;
  /** Ends the call from outside of its stream, which may be stuck: aborts the signal first. */
  readonly end: () => void;
}

/** Whoever calls, as the audit trail names it. Not for open routes. */
export function callerOf({ principal }: Pick<Call, 'principal'>): string {
  if (!principal) throw new RangeError('an order of nobody');
  return actorOf(principal);
}

export type Headers = Readonly<Record<string, string | readonly string[]>>;

export type Answer =
  /** Checked against the route's `answer`: what is not declared there does not leave. */
  | {
      readonly kind: 'json';
      readonly status: number;
      readonly body: unknown;
      readonly headers?: Headers;
    }
  | {
      readonly kind: 'bytes';
      readonly status: number;
      readonly type: string;
      /** An async iterable is a stream: it ends with the call's signal. */
      readonly body: string | Uint8Array | AsyncIterable<string>;
      readonly headers?: Headers;
    }
  | Problem;

export function answer(body: unknown, status = 200, headers?: Headers): Answer {
  return { kind: 'json', status, body, ...(headers && { headers }) };
}

export function answerBytes(
  type: string,
  body: string | Uint8Array | AsyncIterable<string>,
  status = 200,
  headers?: Headers,
): Answer {
  return { kind: 'bytes', status, type, body, ...(headers && { headers }) };
}

/** What every route says of itself, whatever its shapes. */
interface Declaration {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  /** `/api/v1/devices/:id`: a parameter is a whole segment. */
  readonly path: string;
  /** The right that is asked for before the body is even read. There is no route without one. */
  readonly action: ActionName;
  /** Whose it is, from the address alone. Left out: the caller's own for a right of `own`. */
  readonly owner?: (parameters: Readonly<Record<string, string>>) => string | undefined;
  /** One sentence for the description of the interface. */
  readonly summary: string;
  /** Bytes of these media types instead of JSON; `body` gets a Uint8Array. */
  readonly takes?: readonly string[];
  /** It answers with a stream: there is no HEAD, and it counts as one of few. */
  readonly isStream?: boolean;
  /** JSON answers: what leaves. Without it no JSON may be answered. */
  readonly answer?: z.ZodType;
}

export interface Route extends Declaration {
  readonly parameters?: z.ZodObject | undefined;
  readonly query?: z.ZodObject | undefined;
  readonly body?: z.ZodType | undefined;
  readonly handle: (call: Call) => Answer | Promise<Answer>;
}

/**
 * Declares one route. Its shapes are zod schemas — strict ones, so that a wrong name is an error
 * and not ignored — and `handle` gets what they make of the request. What they do not declare is
 * not there: without a `query` schema any query is refused.
 */
export function defineRoute<
  Parameters extends z.ZodObject = z.ZodObject,
  Query extends z.ZodObject = z.ZodObject,
  Body extends z.ZodType = z.ZodType,
>(
  route: Declaration & {
    readonly parameters?: Parameters;
    readonly query?: Query;
    readonly body?: Body;
    readonly handle: (
      call: Call<z.output<Parameters>, z.output<Query>, z.output<Body>>,
    ) => Answer | Promise<Answer>;
  },
): Route {
  return route as unknown as Route;
}
