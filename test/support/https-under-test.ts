import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { request } from 'node:https';
import { onTestFinished } from 'vitest';
import {
  type HttpsServer,
  type HttpsServerOptions,
  type RefusedCall,
  startHttpsServer,
} from '../../gateway/api/https-server.ts';
import type { Route } from '../../gateway/api/route.ts';
import type { Principal, Role } from '../../gateway/core/principal.ts';
import { makeHospitalCertificate } from './hospital-certificate.ts';
import { host } from './site.ts';

const { ca, key, cert } = await makeHospitalCertificate(host);

export interface Reply {
  readonly status: number | undefined;
  readonly headers: IncomingMessage['headers'];
  readonly text: string;
  /** The text as JSON. */
  json(): unknown;
}

export interface HttpsUnderTest extends HttpsServer {
  /** The authority that the server is known by. */
  readonly ca: string;
  readonly refused: readonly RefusedCall[];
  /** Kinds of faults that routes met. */
  readonly faults: readonly unknown[];
  ask(path: string, options?: Asking): Promise<Reply>;
  /** The answer before its body: of a stream, which the caller ends. */
  open(path: string, options?: Asking): Promise<IncomingMessage>;
}

export interface Asking {
  readonly method?: string;
  readonly as?: Role;
  readonly headers?: Readonly<Record<string, string>>;
  /** JSON, unless it is text or bytes already. */
  readonly body?: unknown;
  readonly tls?: object;
}

/**
 * The HTTPS server with these routes. A request says in a header of its own who it is: who may do
 * what is under test here, not how somebody proves who he is.
 */
export async function startHttps(
  routes: readonly Route[],
  options: Partial<HttpsServerOptions> = {},
): Promise<HttpsUnderTest> {
  const refused: RefusedCall[] = [];
  const faults: unknown[] = [];
  const server = await startHttpsServer({
    host,
    port: 0,
    tls: { key, cert },
    routes,
    principalOf: async ({ headers }) => {
      const said = headers['x-principal'];
      return typeof said === 'string' ? (JSON.parse(said) as Principal) : undefined;
    },
    onRefused: (refusal) => void refused.push(refusal),
    onNoticed: () => {},
    log: (_event, fields) => void faults.push(fields?.['cause']),
    ...options,
  });
  onTestFinished(() => server.close());
  const open = (path: string, asking: Asking = {}) => send(server.port, path, asking);
  return {
    port: server.port,
    renew: server.renew,
    underWay: () => server.underWay(),
    end: (isOver) => server.end(isOver),
    endCertificates: (isOver) => server.endCertificates(isOver),
    close: () => server.close(),
    ca,
    refused,
    faults,
    open,
    async ask(path, asking) {
      const response = await open(path, asking);
      const text = Buffer.concat(await response.toArray()).toString();
      const { statusCode: status, headers } = response;
      return { status, headers, text, json: () => JSON.parse(text) };
    },
  };
}

async function send(port: number, path: string, asking: Asking): Promise<IncomingMessage> {
  const { method = 'GET', as, body, tls = {} } = asking;
  const isRaw = body === undefined || typeof body === 'string' || body instanceof Uint8Array;
  const principal = as && {
    'x-principal': JSON.stringify({ id: `a-${as}`, role: as, by: 'token' }),
  };
  const headers = { ...(!isRaw && { 'content-type': 'application/json' }), ...principal };
  const asked = request({
    ...{ host, port, path, method, ca, agent: false },
    headers: { ...headers, ...asking.headers },
    ...tls,
  });
  asked.end(isRaw ? body : JSON.stringify(body));
  const [response] = (await once(asked, 'response')) as [IncomingMessage];
  return response;
}
