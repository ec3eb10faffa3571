import { createPrivateKey, type KeyObject, randomUUID, sign } from 'node:crypto';
import { z } from 'zod';
import type { TlsMaterial } from '../core/destination-options.ts';
import { GatewayError } from '../core/error.ts';
import { openHttpsClient } from './https-client.ts';

export interface AccessTokenOptions {
  readonly tokenUrl: string;
  readonly clientId: string;
  readonly scope: string;
  /** PEM. */
  readonly key: Buffer;
  readonly keyId: string;
  readonly timeoutMs: number;
  readonly tls: TlsMaterial;
  /** Milliseconds since the epoch: what an assertion is dated by. */
  readonly now: () => number;
}

export interface AccessTokens {
  /** One that is good for a while yet, or why there is none. Never throws for what a server does. */
  get(): Promise<{ readonly token: string } | { readonly cause: string }>;
  /** The destination does not take it. */
  forget(token: string): void;
  close(): void;
}

/** SMART Backend Services: no more than five minutes. */
const assertionSeconds = 240;
/** A token is not used any more for so long before it expires, or for half its life if that is less. */
const marginSeconds = 60;
const answerBytesMax = 65_536;

/** RFC 6749 5.1 and RFC 6750 2.1. */
const TokenAnswer = z.object({
  access_token: z
    .string()
    .max(16_384)
    .regex(/^[\w.~+/-]+=*$/),
  token_type: z.string().regex(/^bearer$/i),
  expires_in: z.number().positive().max(86_400).default(300),
});

/**
 * Access tokens by client credentials, the client proving itself by a signed assertion (RFC 7523,
 * SMART App Launch 2, Backend Services). One is kept until shortly before it expires.
 *
 * @throws GatewayError `config-invalid` when the key is none that SMART names.
 */
export function openAccessTokens(options: AccessTokenOptions): AccessTokens {
  const { tokenUrl, timeoutMs, tls } = options;
  const key = signingKeyOf(options.key);
  const client = openHttpsClient({ url: tokenUrl, timeoutMs, answerBytesMax, tls });
  let kept: { readonly token: string; readonly untilMs: number } | undefined;

  return {
    async get() {
      if (kept && performance.now() < kept.untilMs) return kept;
      const askedAtMs = performance.now();
      const exchange = await client.ask({
        method: 'POST',
        headers: {
          'content-type': 'application/x-www-form-urlencoded',
          accept: 'application/json',
        },
        body: Buffer.from(requestOf(options, key)),
      });
      if (!('status' in exchange)) return { cause: `token: ${exchange.cause}` };
      if (exchange.status !== 200) return { cause: `token: HTTP ${exchange.status}` };
      const { data } = TokenAnswer.safeParse(parse(exchange.body ?? ''));
      if (!data) return { cause: 'token: answer is no access token' };
      const goodSeconds = data.expires_in - Math.min(marginSeconds, data.expires_in / 2);
      kept = { token: data.access_token, untilMs: askedAtMs + goodSeconds * 1_000 };
      return kept;
    },
    forget(token) {
      if (kept?.token === token) kept = undefined;
    },
    close: () => client.close(),
  };
}

interface SigningKey {
  readonly algorithm: 'RS384' | 'ES384';
  readonly key: KeyObject;
}

/** The two algorithms that SMART requires servers to know (RFC 7518 3.3 and 3.4). */
function signingKeyOf(pem: Buffer): SigningKey {
  const key = privateKeyOf(pem);
  const { modulusLength = 0, namedCurve } = key?.asymmetricKeyDetails ?? {};
  if (key?.asymmetricKeyType === 'rsa' && modulusLength >= 2_048)
    return { algorithm: 'RS384', key };
  if (key && namedCurve === 'secp384r1') return { algorithm: 'ES384', key };
  throw new GatewayError(
    'config-invalid',
    'relays: oauth.key is no private key of P-384 (openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-384) and none of RSA with 2048 bits',
  );
}

function privateKeyOf(pem: Buffer): KeyObject | undefined {
  try {
    return createPrivateKey(pem);
  } catch {
    // Whatever OpenSSL makes of it: it is no key that can be used.
    return undefined;
  }
}

function requestOf({ clientId, tokenUrl, scope, keyId, now }: AccessTokenOptions, key: SigningKey) {
  const issuedAt = Math.floor(now() / 1_000);
  const header = { alg: key.algorithm, kid: keyId, typ: 'JWT' };
  const claims = {
    iss: clientId,
    sub: clientId,
    aud: tokenUrl,
    iat: issuedAt,
    exp: issuedAt + assertionSeconds,
    jti: randomUUID(),
  };
  return new URLSearchParams({
    grant_type: 'client_credentials',
    scope,
    client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
    client_assertion: signed(header, claims, key),
  }).toString();
}

/** RFC 7515 7.1, compact. */
function signed(header: object, claims: object, { key }: SigningKey): string {
  const text = [header, claims]
    .map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'))
    .join('.');
  // RFC 7518 3.4: the two numbers side by side. Said of an RSA key, it is ignored.
  const signature = sign('sha384', Buffer.from(text), { key, dsaEncoding: 'ieee-p1363' });
  return `${text}.${signature.toString('base64url')}`;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // The schema refuses undefined.
    return undefined;
  }
}
