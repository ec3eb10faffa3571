import type { IncomingMessage } from 'node:http';
import { Agent, request } from 'node:https';
import { TLSSocket } from 'node:tls';
import { clientTls, type TlsMaterial } from '../core/destination-options.ts';
import type { Answer } from '../core/http-answer.ts';
import type { Delivery } from '../core/relay.ts';

export interface HttpsClientOptions {
  /** Where everything is sent to, unless a request says otherwise. */
  readonly url: string;
  /** The longest one exchange may take, from connecting to the last byte. */
  readonly timeoutMs: number;
  /** Of an answer. A longer one is not read to its end. */
  readonly answerBytesMax: number;
  readonly tls: TlsMaterial;
}

export interface HttpsRequest {
  readonly method: 'GET' | 'HEAD' | 'POST' | 'PUT';
  /** On the same server; where everything is sent to when left out. */
  readonly url?: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: Buffer;
  /** Where less than that of the client is enough. */
  readonly timeoutMs?: number;
}

export interface HttpsClient {
  /** One exchange, settled within `timeoutMs`. Never throws for what the other side does. */
  ask(request: HttpsRequest): Promise<Answer | Broken>;
  close(): void;
}

/** The line broke before an answer came. */
export interface Broken {
  readonly cause: string;
  /** Whether any of the request may have reached the server. */
  readonly isWritten: boolean;
}

/** Connections at once. Order is the outbox's affair: it sends one batch of a lane at a time. */
export const connectionsMax = 4;

/** Asks one server over connections that are kept. Redirects are not followed. */
export function openHttpsClient(options: HttpsClientOptions): HttpsClient {
  const agent = new Agent({
    keepAlive: true,
    maxSockets: connectionsMax,
    ...clientTls(options.tls),
  });
  const closing = new AbortController();
  const line: Line = { agent, options, signal: closing.signal };
  return {
    ask: (asked) => ask(line, asked),
    close() {
      closing.abort();
      agent.destroy();
    },
  };
}

/** Nothing written is nothing stored; after the first byte nobody can tell. */
export function brokenDelivery({ cause, isWritten }: Broken): Delivery {
  return { outcome: isWritten ? 'unknown' : 'retry', cause };
}

interface Line {
  readonly agent: Agent;
  readonly options: HttpsClientOptions;
  readonly signal: AbortSignal;
}

/**
 * The request is written only once the server has proved who it is, so what it holds never reaches
 * anybody else, and a failure before that point is known to have delivered nothing.
 */
function ask(
  { agent, options, signal }: Line,
  { method, url = options.url, headers, body, timeoutMs = options.timeoutMs }: HttpsRequest,
): Promise<Answer | Broken> {
  const { promise, resolve } = Promise.withResolvers<Answer | Broken>();
  let isWritten = false;
  if (signal.aborted) return Promise.resolve({ cause: 'closed', isWritten });

  const outgoing = request(url, {
    method,
    agent,
    signal,
    headers: { ...headers, ...(body && { 'content-length': body.length }) },
  });
  const timer = setTimeout(() => outgoing.destroy(timedOut()), timeoutMs);
  outgoing.once('socket', (socket) => {
    const write = () => {
      isWritten = true;
      outgoing.end(body);
    };
    if (socket instanceof TLSSocket && !socket.authorized) socket.once('secureConnect', write);
    else write();
  });
  outgoing.once('response', (response) => resolve(answerOf(response, options.answerBytesMax)));
  // Also after the answer: then this promise is settled and the next line has no effect.
  outgoing.on('error', (error) => resolve({ cause: codeOf(error), isWritten }));
  outgoing.once('close', () => clearTimeout(timer));
  return promise;
}

/** Redirects are not followed: they would carry the data to an address nobody configured. */
async function answerOf(response: IncomingMessage, bytesMax: number): Promise<Answer> {
  const { statusCode: status = 0, headers } = response;
  const mediaType = headers['content-type']?.split(';', 1)[0]?.trim().toLowerCase();
  const body = await bodyOf(response, bytesMax);
  const { location, 'retry-after': retryAfter } = headers;
  return { status, retryAfter, mediaType, location, body };
}

async function bodyOf(response: IncomingMessage, bytesMax: number): Promise<string | undefined> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  try {
    for await (const chunk of response as AsyncIterable<Buffer>) {
      bytes += chunk.length;
      // Leaving the loop destroys the response and with it the connection.
      if (bytes > bytesMax) return undefined;
      chunks.push(chunk);
    }
  } catch {
    // Broken off: the status line stands, the rest is not known.
    return undefined;
  }
  return response.complete ? Buffer.concat(chunks).toString('utf8') : undefined;
}

function timedOut(): NodeJS.ErrnoException {
  return Object.assign(new Error('no answer in time'), { code: 'ETIMEDOUT' });
}

/** System and TLS error codes only: texts may hold addresses. */
function codeOf(error: NodeJS.ErrnoException): string {
  return error.code ?? error.name;
}
