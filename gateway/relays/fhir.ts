import type { IncomingMessage } from 'node:http';
import { Agent, request } from 'node:https';
import { TLSSocket } from 'node:tls';
import { z } from 'zod';
import { flawOf } from '../core/last-look.ts';
import { type Delivery, defineRelay } from '../core/relay.ts';
import { type Answer, classify } from '../fhir/outcome.ts';
import { toTransaction } from '../fhir/transaction.ts';

const Options = z
  .strictObject({
    url: z
      .url({ protocol: /^https$/ })
      .refine((text) => {
        const { username, password, search, hash } = new URL(text);
        return username + password + search + hash === '';
      }, 'no credentials, query or fragment')
      .describe('Base address of the hospital’s FHIR R4 server. HTTPS only.'),
    timeoutMs: z
      .int()
      .min(100)
      .max(120_000)
      .default(10_000)
      .describe('The longest one transaction may take, from connecting to the last byte.'),
    ca: z
      .string()
      .min(1)
      .optional()
      .describe('PEM file in the site directory: who signs the server. Default: public roots.'),
    clientCertificate: z
      .string()
      .min(1)
      .optional()
      .describe('PEM file in the site directory, with its chain: mutual TLS.'),
    clientKey: z.string().min(1).optional().describe('PEM file of the client certificate’s key.'),
  })
  .refine(
    ({ clientCertificate, clientKey }) =>
      (clientCertificate === undefined) === (clientKey === undefined),
    'clientCertificate and clientKey belong together',
  );
type Options = z.output<typeof Options>;

/** Connections at once. Order is the outbox's affair: it sends one batch of a lane at a time. */
const connectionsMax = 4;
/** A transaction-response to the largest batch is far smaller. */
const answerBytesMax = 1_048_576;

/** NIST SP 800-52 Rev. 2: TLS 1.2 only with ephemeral keys and AEAD. */
const ciphers = [
  'TLS_AES_256_GCM_SHA384',
  'TLS_CHACHA20_POLY1305_SHA256',
  'TLS_AES_128_GCM_SHA256',
  'ECDHE+AESGCM',
  'ECDHE+CHACHA20',
].join(':');

export default defineRelay<Options>({
  id: 'fhir',
  options: Options,
  batchMax: 100,

  connect(options, { readFile, readSecret }) {
    const { ca, clientCertificate, clientKey } = options;
    const agent = new Agent({
      keepAlive: true,
      maxSockets: connectionsMax,
      minVersion: 'TLSv1.2',
      ciphers,
      ecdhCurve: 'X25519:P-256:P-384',
      // Said aloud, so that no environment variable can turn it off.
      rejectUnauthorized: true,
      ...(ca !== undefined && { ca: readFile(ca) }),
      ...(clientCertificate !== undefined && { cert: readFile(clientCertificate) }),
      ...(clientKey !== undefined && { key: readSecret(clientKey) }),
    });
    const closing = new AbortController();
    const line: Line = { agent, options, signal: closing.signal };

    return {
      async send(batch) {
        const flaw = flawOf(batch);
        if (flaw) return { outcome: 'refused', cause: flaw };
        const { body, entryCount } = toTransaction(batch);
        if (entryCount === 0) return { outcome: 'delivered' };
        const exchange = await post(line, Buffer.from(body));
        if ('status' in exchange) return classify(exchange, entryCount, Date.now());
        return brokenDelivery(exchange);
      },
      close() {
        closing.abort();
        agent.destroy();
      },
    };
  },
});

interface Line {
  readonly agent: Agent;
  readonly options: Options;
  readonly signal: AbortSignal;
}

/** The line broke before an answer came. */
interface Broken {
  readonly cause: string;
  /** Whether any of the request may have reached the server. */
  readonly isWritten: boolean;
}

/** Nothing written is nothing stored; after the first byte nobody can tell. */
function brokenDelivery({ cause, isWritten }: Broken): Delivery {
  return { outcome: isWritten ? 'unknown' : 'retry', cause };
}

/**
 * One exchange. The request is written only once the server has proved who it is, so what it holds
 * never reaches anybody else, and a failure before that point is known to have delivered nothing.
 */
function post({ agent, options, signal }: Line, body: Buffer): Promise<Answer | Broken> {
  const { promise, resolve } = Promise.withResolvers<Answer | Broken>();
  let isWritten = false;
  if (signal.aborted) return Promise.resolve({ cause: 'closed', isWritten });

  const outgoing = request(options.url, {
    method: 'POST',
    agent,
    signal,
    headers: {
      'content-type': 'application/fhir+json',
      'content-length': body.length,
      accept: 'application/fhir+json',
      prefer: 'return=minimal',
    },
  });
  const timer = setTimeout(() => outgoing.destroy(timedOut()), options.timeoutMs);
  outgoing.once('socket', (socket) => {
    const write = () => {
      isWritten = true;
      outgoing.end(body);
    };
    if (socket instanceof TLSSocket && !socket.authorized) socket.once('secureConnect', write);
    else write();
  });
  outgoing.once('response', (response) => resolve(answerOf(response)));
  // Also after the answer: then this promise is settled and the next line has no effect.
  outgoing.on('error', (error) => resolve({ cause: codeOf(error), isWritten }));
  outgoing.once('close', () => clearTimeout(timer));
  return promise;
}

/** Redirects are not followed: they would carry the data to an address nobody configured. */
async function answerOf(response: IncomingMessage): Promise<Answer> {
  const status = response.statusCode ?? 0;
  const retryAfter = response.headers['retry-after'];
  return { status, retryAfter, body: await bodyOf(response) };
}

async function bodyOf(response: IncomingMessage): Promise<string | undefined> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  try {
    for await (const chunk of response as AsyncIterable<Buffer>) {
      bytes += chunk.length;
      // Leaving the loop destroys the response and with it the connection.
      if (bytes > answerBytesMax) return undefined;
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
