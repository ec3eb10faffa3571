import { createPrivateKey, createSecretKey, hash, type KeyObject } from 'node:crypto';
import { z } from 'zod';
import { brokenDelivery, type HttpsClient, openHttpsClient } from '../clients/https-client.ts';
import { sendEach } from '../clients/send-each.ts';
import {
  httpsUrl,
  isKeyWithCertificate,
  keyWithCertificate,
  readTlsMaterial,
  tlsOptions,
} from '../core/destination-options.ts';
import { GatewayError } from '../core/error.ts';
import { type Answer, declined, lifeSign } from '../core/http-answer.ts';
import { flawOf } from '../core/last-look.ts';
import { type SigningKey, signatureAlgorithms, signMessage } from '../core/message-signature.ts';
import { type Delivery, defineRelay, type OutboxEntry, probeMsMax } from '../core/relay.ts';
import { releasedJson } from '../core/released-json.ts';

const Options = z
  .strictObject({
    url: httpsUrl.describe('Where each record is posted to. HTTPS only.'),
    timeoutMs: z
      .int()
      .min(100)
      .max(120_000)
      .default(10_000)
      .describe('The longest one request may take, from connecting to the last byte.'),
    signature: z
      .enum(signatureAlgorithms)
      .default('ed25519')
      .describe('How each request is signed (RFC 9421). With ed25519 the receiver has no secret.'),
    signingKey: z
      .string()
      .min(1)
      .describe('File, mode 600: PKCS#8 PEM for ed25519, the shared secret for hmac-sha256.'),
    signingKeyId: z
      .string()
      .regex(/^[\w.:-]{1,100}$/)
      .describe('What the receiver calls that key: the signature’s keyid.'),
    ...tlsOptions,
  })
  .refine(isKeyWithCertificate, keyWithCertificate);
type Options = z.output<typeof Options>;

/** A receiver’s answer says nothing but its status. A longer one is taken for no answer. */
const answerBytesMax = 65_536;
/** RFC 2104 section 3: no shorter than the output of the hash. */
const sharedSecretBytesMin = 32;

/**
 * Posts each record by itself, signed, so that its Idempotency-Key stands for the same content
 * however often it is sent and whatever was sent beside it.
 */
export default defineRelay<Options>({
  id: 'webhook',
  options: Options,
  batchMax: 32,

  connect(options, context) {
    const { url, timeoutMs } = options;
    const key = signingKeyOf(options, context.readSecret(options.signingKey));
    const tls = readTlsMaterial(options, context);
    const client = openHttpsClient({ url, timeoutMs, answerBytesMax, tls });
    const line: Line = { client, key, url: new URL(url).href, now: context.now };
    const probeMs = Math.min(timeoutMs, probeMsMax);

    return {
      async send(batch) {
        const flaw = flawOf(batch);
        if (flaw) return { outcome: 'refused', cause: flaw };
        return sendEach(batch, (entry) => sendOne(entry, line));
      },
      probe: () => probe(line, probeMs),
      close: () => client.close(),
    };
  },
});

interface Line {
  readonly client: HttpsClient;
  readonly key: SigningKey;
  /** As it is requested and signed. */
  readonly url: string;
  readonly now: () => number;
}

async function sendOne(
  { observations, order }: OutboxEntry,
  { client, key, url, now }: Line,
): Promise<Delivery> {
  const body = Buffer.from(releasedJson(observations, order));
  const headers = {
    'content-type': 'application/json',
    // A structured field string (draft-ietf-httpapi-idempotency-key-header).
    'idempotency-key': `"${hash('sha256', observations.map(({ id }) => id).join('\n'), 'hex')}"`,
  };
  const signed = signMessage({ method: 'POST', url, headers, body }, key, now());
  const exchange = await client.ask({ method: 'POST', headers: signed, body });
  return 'status' in exchange ? classify(exchange, now()) : brokenDelivery(exchange);
}

/** HEAD is safe (RFC 9110 9.2.1): nothing is stored for it. Signed, as every request is. */
async function probe({ client, key, url, now }: Line, timeoutMs: number): Promise<Delivery> {
  const method = 'HEAD';
  const unsigned = { method, url, headers: {}, body: Buffer.alloc(0) } as const;
  const headers = signMessage(unsigned, key, now());
  const exchange = await client.ask({ method, headers, timeoutMs });
  return 'status' in exchange ? lifeSign(exchange) : brokenDelivery(exchange);
}

function classify(answer: Answer, now: number): Delivery {
  const { status, mediaType, body } = answer;
  if (status >= 200 && status < 300) {
    if (body === undefined) return { outcome: 'unknown', cause: 'answer incomplete' };
    // A page for people: a login or a portal answered, not the receiver.
    if (mediaType === 'text/html') return { outcome: 'unknown', cause: 'answer is a page' };
    return { outcome: 'delivered' };
  }
  // The same key is still under way, says the draft; whether it will be kept, nobody knows yet.
  if (status === 409) return { outcome: 'retry', cause: 'HTTP 409' };
  return declined(answer, now);
}

function signingKeyOf({ signature, signingKey, signingKeyId }: Options, file: Buffer): SigningKey {
  const key = signature === 'ed25519' ? privateKeyOf(file) : sharedSecretOf(file);
  if (key) return { algorithm: signature, id: signingKeyId, key };
  const need =
    signature === 'ed25519'
      ? 'is no Ed25519 private key in PEM (openssl genpkey -algorithm ed25519)'
      : `holds less than ${sharedSecretBytesMin} bytes (openssl rand -base64 48)`;
  throw new GatewayError('config-invalid', `relays: signingKey ${signingKey} ${need}`);
}

function privateKeyOf(file: Buffer): KeyObject | undefined {
  try {
    const key = createPrivateKey(file);
    return key.asymmetricKeyType === 'ed25519' ? key : undefined;
  } catch {
    // Whatever OpenSSL makes of it: it is no key that can be used.
    return undefined;
  }
}

/** The text of the file without white space around it: both sides can copy it by hand. */
function sharedSecretOf(file: Buffer): KeyObject | undefined {
  const secret = Buffer.from(file.toString('utf8').trim());
  return secret.length < sharedSecretBytesMin ? undefined : createSecretKey(secret);
}
