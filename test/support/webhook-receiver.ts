import { createHash, type KeyObject, timingSafeEqual, verify } from 'node:crypto';
import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { TestCertificate } from './hospital-certificate.ts';

export type WebhookFault =
  | 'none'
  | 'down'
  | '401'
  | '409'
  | '500'
  | '503-retry-after'
  | 'redirect'
  | 'slow'
  | 'html'
  | 'truncated'
  | 'cut-after-store'
  | '422-one'
  | '500-one';

export interface WebhookReceiver {
  readonly port: number;
  /** Bodies by idempotency key. */
  readonly stored: ReadonlyMap<string, string>;
  holds(observationId: string): boolean;
  /** Requests whose idempotency key was known: not stored again. */
  repeated(): number;
  /** Observations that came under two idempotency keys, or changed under one. */
  duplicates(): number;
  /** Why requests were not believed. */
  readonly forged: readonly string[];
  setFault(fault: WebhookFault, observationId?: string): void;
  close(): Promise<void>;
}

/**
 * A receiver as docs/relays.md asks for one: it believes nothing but the signature, and stores what
 * has one idempotency key once. It fails on command.
 */
export async function startWebhookReceiver(
  tls: TestCertificate,
  isGenuine: (base: Buffer, signature: Buffer) => boolean,
  now: () => number = Date.now,
): Promise<WebhookReceiver> {
  const stored = new Map<string, string>();
  const keyOf = new Map<string, string>();
  const forged: string[] = [];
  let duplicates = 0;
  let repeated = 0;
  let fault: WebhookFault = 'none';
  let faulty = '';

  function store(key: string, body: string): void {
    const known = stored.get(key);
    if (known !== undefined) repeated += 1;
    if (known !== undefined && known !== body) duplicates += 1;
    stored.set(key, body);
    const { observations } = JSON.parse(body) as { observations: { id: string }[] };
    for (const { id } of observations) {
      if ((keyOf.get(id) ?? key) !== key) duplicates += 1;
      keyOf.set(id, key);
    }
  }

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
    const body = Buffer.concat(chunks);
    const flaw = flawOfRequest(request, body, isGenuine, now());
    if (flaw) forged.push(flaw);
    const refusal = flaw ? 401 : statusOf(fault, body, faulty);
    if (refusal) {
      const headers = { 'retry-after': '7', location: `https://127.0.0.1:${port}/elsewhere` };
      response.writeHead(refusal, headers).end();
      return;
    }
    if (fault === 'slow') return;
    if (fault === 'html') {
      response.writeHead(200, { 'content-type': 'text/html; charset=utf-8' }).end('<p>Sign in</p>');
      return;
    }
    if (request.method === 'HEAD') {
      response.writeHead(204).end();
      return;
    }
    store(String(request.headers['idempotency-key']), body.toString());
    if (fault === 'cut-after-store') request.socket.destroy();
    else if (fault === 'truncated') {
      response.writeHead(200, { 'content-length': 100 });
      response.write('{', () => request.socket.destroy());
    } else response.writeHead(204).end();
  }

  const server = createServer({ key: tls.key, cert: tls.cert }, (request, response) => {
    answer(request, response).catch(() => request.socket.destroy());
  });
  server.on('connection', (socket) => {
    if (fault === 'down') socket.destroy();
  });
  server.on('tlsClientError', () => {});
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;

  return {
    port,
    stored,
    holds: (id) => keyOf.has(id),
    repeated: () => repeated,
    duplicates: () => duplicates,
    forged,
    setFault(next, observationId = '') {
      fault = next;
      faulty = observationId;
    },
    async close() {
      server.closeAllConnections();
      const closed = once(server, 'close');
      server.close();
      await closed;
    },
  };
}

function statusOf(fault: WebhookFault, body: Buffer, faulty: string): number | undefined {
  switch (fault) {
    case '401':
    case '409':
    case '500':
      return Number(fault);
    case '503-retry-after':
      return 503;
    case 'redirect':
      return 307;
    case '422-one':
    case '500-one':
      return body.includes(`"${faulty}"`) ? Number.parseInt(fault, 10) : undefined;
    default:
      return undefined;
  }
}

/** As RFC 9421 section 3.2 tells a verifier, written from the receiver's side. */
function flawOfRequest(
  { method = '', url = '', headers }: IncomingMessage,
  body: Buffer,
  isGenuine: (base: Buffer, signature: Buffer) => boolean,
  now: number,
): string | undefined {
  const digest = /^sha-256=:([A-Za-z0-9+/=]+):$/.exec(String(headers['content-digest']))?.[1];
  const expected = createHash('sha256').update(body).digest();
  const given = Buffer.from(digest ?? '', 'base64');
  if (given.length !== expected.length || !timingSafeEqual(given, expected)) return 'digest';
  const parameters = /^wardgate=(\((.*?)\);.*)$/.exec(String(headers['signature-input']));
  const signature = /^wardgate=:(.*):$/.exec(String(headers['signature']))?.[1];
  if (!parameters || !signature) return 'unsigned';
  const names = [...(parameters[2] ?? '').matchAll(/"([^"]+)"/g)].map(([, name = '']) => name);
  const needed = ['@method', '@target-uri', 'content-digest'];
  // What stores nothing needs no key.
  if (method !== 'HEAD') needed.push('content-type', 'idempotency-key');
  if (needed.some((name) => !names.includes(name))) return 'not covered';
  const created = Number(/;created=(\d+)/.exec(parameters[1] ?? '')?.[1]);
  if (!(Math.abs(now / 1_000 - created) < 300)) return 'stale';
  const values: Record<string, string | undefined> = {
    '@method': method,
    '@target-uri': `https://${headers.host}${url}`,
  };
  const lines = names.map((name) => `"${name}": ${values[name] ?? headers[name]}`);
  const base = [...lines, `"@signature-params": ${parameters[1]}`].join('\n');
  return isGenuine(Buffer.from(base), Buffer.from(signature, 'base64')) ? undefined : 'signature';
}

export function byPublicKey(key: KeyObject): (base: Buffer, signature: Buffer) => boolean {
  return (base, signature) => verify(null, base, key, signature);
}
