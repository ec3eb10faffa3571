import { constants } from 'node:crypto';
import { type RequestListener, STATUS_CODES } from 'node:http';
import { createServer, type Server } from 'node:https';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { TlsOptions } from 'node:tls';
import { tlsFaultOf } from '../core/tls-fault.ts';
import { tlsPolicy } from '../core/tls-policy.ts';
import { problemBody, problemOfStatus } from './problem.ts';
import { strictHeaders } from './strict-headers.ts';

/** PEM. `ca`: the authorities a client’s certificate may come from; a client may also show none. */
export interface HttpsTls {
  readonly key: string;
  /** The certificate with its chain. */
  readonly cert: string;
  readonly ca?: readonly string[] | undefined;
}

/** What somebody did whom nothing is known of but an address. */
export type Noticed =
  | { readonly kind: 'refused'; readonly cause: string }
  | { readonly kind: 'limit'; readonly limit: 'https-connections' | 'https-requests' }
  | { readonly kind: 'unknown-path'; readonly path: string }
  | { readonly kind: 'malformed-request'; readonly status: number };
export type Notice = (noticed: Noticed, address: string) => void;

/** Limits against slow and many clients. */
const httpsLimits = {
  connectionsMax: 256,
  connectionsPerAddressMax: 64,
  requestsPerConnectionMax: 1_000,
  handshakeMs: 5_000,
  headersMs: 5_000,
  headersBytesMax: 8_192,
  headersCountMax: 64,
  /** From its first byte to its last, body and all. */
  requestMs: 10_000,
  keepAliveMs: 30_000,
  /** How often the times above are looked at. */
  sweepMs: 1_000,
} as const;

/** The server before anybody asks for something: TLS, and who may be connected for how long. */
export function createHttpsListener(
  tls: HttpsTls,
  handle: RequestListener,
  notice: Notice,
): Server {
  const limits = httpsLimits;
  const server = createServer(
    {
      ...tlsOptions(tls),
      handshakeTimeout: limits.handshakeMs,
      headersTimeout: limits.headersMs,
      requestTimeout: limits.requestMs,
      keepAliveTimeout: limits.keepAliveMs,
      connectionsCheckingInterval: limits.sweepMs,
      maxHeaderSize: limits.headersBytesMax,
      noDelay: true,
    },
    handle,
  );
  server.maxConnections = limits.connectionsMax;
  server.maxHeadersCount = limits.headersCountMax;
  server.maxRequestsPerSocket = limits.requestsPerConnectionMax;
  limitAddresses(server, notice);
  server.on('tlsClientError', (error: NodeJS.ErrnoException, socket) => {
    const { code } = error;
    // A browser that does not know our authority is nobody's attack.
    if (tlsFaultOf(code ?? '') !== undefined)
      notice({ kind: 'refused', cause: `${code}` }, addressOf(socket));
    socket.destroy();
  });
  return server;
}

/** A client may show a certificate; whether a route asks for one is the route's affair. */
export function tlsOptions({ key, cert, ca }: HttpsTls): TlsOptions {
  return {
    ...tlsPolicy,
    key,
    cert,
    // Without an authority of the site nobody's certificate holds, not even one of a public one.
    ca: [...(ca ?? [])],
    secureOptions: constants.SSL_OP_NO_RENEGOTIATION | constants.SSL_OP_NO_COMPRESSION,
    requestCert: true,
    // What a client showed counts only once `identify` has found nothing wrong with it.
    rejectUnauthorized: false,
  };
}

function limitAddresses(server: Server, notice: Notice): void {
  const counts = new Map<string, number>();
  server.on('connection', (socket: Socket) => {
    const address = addressOf(socket);
    const count = (counts.get(address) ?? 0) + 1;
    if (count > httpsLimits.connectionsPerAddressMax) {
      notice({ kind: 'limit', limit: 'https-connections' }, address);
      socket.destroy();
      return;
    }
    counts.set(address, count);
    socket.once('close', () => {
      const left = (counts.get(address) ?? 1) - 1;
      if (left > 0) counts.set(address, left);
      else counts.delete(address);
    });
  });
}

/** IPv4 is written as such on a dual-stack port too. */
export function addressOf({ remoteAddress = 'unknown' }: Socket): string {
  return remoteAddress.startsWith('::ffff:') ? remoteAddress.slice(7) : remoteAddress;
}

/** What is no HTTP, or comes too slowly, is told so once; then its connection ends. */
export function answerClientError(
  error: NodeJS.ErrnoException,
  socket: Duplex,
  notice: Notice,
): void {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy();
    return;
  }
  const problem = problemOfStatus(statusOf(error.code));
  notice({ kind: 'malformed-request', status: problem.status }, addressOf(socket as Socket));
  const body = problemBody(problem);
  socket.end(
    `HTTP/1.1 ${problem.status} ${STATUS_CODES[problem.status]}\r\n` +
      'Content-Type: application/problem+json\r\n' +
      strictLines +
      `Content-Length: ${Buffer.byteLength(body)}\r\n` +
      `Connection: close\r\n\r\n${body}`,
    () => socket.destroy(),
  );
}

const strictLines = Object.entries(strictHeaders)
  .map(([name, value]) => `${name}: ${value}\r\n`)
  .join('');

function statusOf(code: string | undefined): number {
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT') return 408;
  if (code === 'HPE_HEADER_OVERFLOW') return 431;
  return 400;
}
