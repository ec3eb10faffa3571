import { createHash, createHmac, type KeyObject, sign } from 'node:crypto';

/** How messages can be signed, by the names of RFC 9421 section 3.3. */
export const signatureAlgorithms = ['ed25519', 'hmac-sha256'] as const;
export type SignatureAlgorithm = (typeof signatureAlgorithms)[number];

export interface SigningKey {
  readonly algorithm: SignatureAlgorithm;
  /** Tells the receiver which of its keys to look the signature up by. */
  readonly id: string;
  readonly key: KeyObject;
}

export interface UnsignedMessage {
  readonly method: string;
  /** The whole address, as it is requested. */
  readonly url: string;
  /** Names in lower case. All of them are covered by the signature. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
}

/** Sets these signatures apart from others by the same key (RFC 9421 section 2.3). */
const tag = 'wardgate-webhook';

/**
 * The headers of a message and the three that prove it: Content-Digest (RFC 9530) over the body,
 * Signature-Input and Signature (RFC 9421) over method, address, that digest and every header given.
 *
 * @param createdAt milliseconds since the epoch, for a receiver that refuses what is old
 */
export function signMessage(
  { method, url, headers, body }: UnsignedMessage,
  { algorithm, id, key }: SigningKey,
  createdAt: number,
): Readonly<Record<string, string>> {
  const digest = createHash('sha256').update(body).digest('base64');
  const fields = { ...headers, 'content-digest': `sha-256=:${digest}:` };
  const covered = [['@method', method], ['@target-uri', url], ...Object.entries(fields)] as const;
  const names = covered.map(([name]) => `"${name}"`).join(' ');
  const created = Math.floor(createdAt / 1_000);
  const parameters = `(${names});created=${created};keyid="${id}";alg="${algorithm}";tag="${tag}"`;
  // RFC 9421 section 2.5.
  const base = [
    ...covered.map(([name, value]) => `"${name}": ${value}`),
    `"@signature-params": ${parameters}`,
  ].join('\n');
  const signature = signed(Buffer.from(base), algorithm, key).toString('base64');
  return {
    ...fields,
    'signature-input': `wardgate=${parameters}`,
    signature: `wardgate=:${signature}:`,
  };
}

/** RFC 9421 sections 3.3.3 and 3.3.6. */
function signed(base: Buffer, algorithm: SignatureAlgorithm, key: KeyObject): Buffer {
  switch (algorithm) {
    case 'ed25519':
      return sign(null, base, key);
    case 'hmac-sha256':
      return createHmac('sha256', key).update(base).digest();
  }
}
