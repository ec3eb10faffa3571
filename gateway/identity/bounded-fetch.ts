import type { IncomingMessage } from 'node:http';
import { Agent, request } from 'node:https';
import { GatewayError } from '../core/error.ts';
import { tlsPolicy } from '../core/tls-policy.ts';

/** As much of `fetch` as a client of OpenID Connect needs. */
export type BoundedFetch = (
  url: string,
  options: {
    readonly method: string;
    readonly headers: Record<string, string>;
    readonly body?: unknown;
    readonly signal?: AbortSignal | undefined;
  },
) => Promise<Response>;

/** Metadata and keys of a large provider are some ten kilobytes. */
const answerBytesMax = 1_048_576;

/**
 * `fetch` over HTTPS alone, to servers of these authorities (PEM; the usual ones when undefined),
 * with an answer of bounded size. Redirects are not followed.
 *
 * @throws GatewayError `sign-on-unreachable`.
 */
export function boundedFetch(ca: string | undefined): BoundedFetch {
  const agent = new Agent({
    ...tlsPolicy,
    // Said aloud, so that no environment variable can turn it off.
    rejectUnauthorized: true,
    ...(ca !== undefined && { ca }),
  });
  return async (url, { method, headers, body, signal }) => {
    try {
      const outgoing = request(url, { method, headers, agent, ...(signal && { signal }) });
      const answered = new Promise<IncomingMessage>((resolve, reject) => {
        outgoing.once('response', resolve);
        outgoing.on('error', reject);
      });
      outgoing.end(bytesOf(body));
      return await responseOf(await answered);
    } catch (cause) {
      const { code = 'no answer' } = cause as NodeJS.ErrnoException;
      throw new GatewayError('sign-on-unreachable', `${new URL(url).host}: ${code}`, { cause });
    }
  };
}

function bytesOf(body: unknown): Uint8Array | undefined {
  if (body === undefined || body === null) return undefined;
  return body instanceof Uint8Array ? body : Buffer.from(String(body));
}

async function responseOf(incoming: IncomingMessage): Promise<Response> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of incoming as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > answerBytesMax) throw new RangeError('the answer is too long');
    chunks.push(chunk);
  }
  const headers = new Headers();
  for (const [name, value] of Object.entries(incoming.headers)) {
    for (const each of [value ?? []].flat()) headers.append(name, each);
  }
  const status = incoming.statusCode ?? 500;
  const isEmpty = [204, 205, 304].includes(status);
  return new Response(isEmpty ? null : Buffer.concat(chunks), { status, headers });
}
