import { once } from 'node:events';
import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import { request } from 'node:https';
import { attackerAddress, host, type Ward } from './ward.ts';

export interface HttpsCall {
  readonly method?: string;
  readonly path: string;
  /** Sent as JSON. */
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  /** PEM: a certificate to show. */
  readonly tls?: { readonly key: string; readonly cert: string };
}

export interface HttpsAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
}

const timeoutMs = 10_000;

/** One request of the attacker to the gateway’s HTTPS port, on a connection of its own. */
export async function callHttps(
  { httpsPort, ca, signal }: Pick<Ward, 'httpsPort' | 'ca' | 'signal'>,
  { method = 'GET', path, body, headers, tls }: HttpsCall,
): Promise<HttpsAnswer> {
  const sent = request({
    ...{ host, port: httpsPort, ca, method, path, agent: false, ...tls },
    localAddress: attackerAddress,
    headers: { ...(body !== undefined && { 'content-type': 'application/json' }), ...headers },
    signal: AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]),
  });
  sent.end(body === undefined ? undefined : JSON.stringify(body));
  const [answer] = (await once(sent, 'response')) as [IncomingMessage];
  const chunks = (await answer.toArray()) as readonly Buffer[];
  const text = Buffer.concat(chunks).toString();
  return { status: answer.statusCode ?? 0, headers: answer.headers, text };
}
