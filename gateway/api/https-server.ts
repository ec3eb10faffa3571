import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { GatewayError } from '../core/error.ts';

export interface HttpsServerOptions {
  readonly host: string;
  /** 0 picks a free one. */
  readonly port: number;
  /** PEM; the certificate with its chain. */
  readonly tls: { readonly key: string; readonly cert: string };
  /** Whether what a device sends now would be kept. */
  readonly isReady: () => boolean;
}

export interface HttpsServer {
  readonly port: number;
  close(): Promise<void>;
}

const connectionsMax = 64;
const headersTimeoutMs = 5_000;
const headersBytesMax = 8_192;

/**
 * HTTPS for whoever supervises the gateway: `/healthz` says that it runs, `/readyz` that it keeps
 * what it takes. Both are open and say nothing else.
 *
 * @throws GatewayError `port-busy`.
 */
export async function startHttpsServer(options: HttpsServerOptions): Promise<HttpsServer> {
  const { host, port, tls, isReady } = options;
  const server = createServer({
    ...tls,
    minVersion: 'TLSv1.2',
    ecdhCurve: 'X25519:P-256:P-384',
    headersTimeout: headersTimeoutMs,
    requestTimeout: headersTimeoutMs,
    maxHeaderSize: headersBytesMax,
  });
  server.maxConnections = connectionsMax;
  server.on('request', (request, response) => answer(request, response, isReady));
  server.listen(port, host);
  try {
    await once(server, 'listening');
  } catch (cause) {
    throw new GatewayError('port-busy', `HTTPS on ${host}:${port}`, { cause });
  }
  return {
    port: (server.address() as AddressInfo).port,
    async close() {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
}

function answer(request: IncomingMessage, response: ServerResponse, isReady: () => boolean): void {
  request.resume();
  const { status, type, body } = answerTo(request, isReady);
  response.writeHead(status, { ...headers, 'content-type': type });
  response.end(body);
}

interface Answer {
  readonly status: number;
  readonly type: string;
  readonly body: string;
}

function answerTo({ method, url }: IncomingMessage, isReady: () => boolean): Answer {
  if (method !== 'GET' && method !== 'HEAD') return problem(405, 'Method Not Allowed');
  if (url === '/healthz') return say(200, 'ok');
  if (url === '/readyz') return isReady() ? say(200, 'ready') : say(503, 'not ready');
  return problem(404, 'Not Found');
}

function say(status: number, text: string): Answer {
  return { status, type: 'text/plain; charset=utf-8', body: `${text}\n` };
}

/** RFC 9457. */
function problem(status: number, title: string): Answer {
  const body = JSON.stringify({ type: 'about:blank', status, title });
  return { status, type: 'application/problem+json', body };
}

const headers = {
  'cache-control': 'no-store',
  'content-security-policy': "default-src 'none'",
  'strict-transport-security': 'max-age=31536000',
  'x-content-type-options': 'nosniff',
};
