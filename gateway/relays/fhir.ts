import { z } from 'zod';
import { type AccessTokens, openAccessTokens } from '../clients/access-token.ts';
import { type Broken, brokenDelivery, openHttpsClient } from '../clients/https-client.ts';
import {
  httpsUrl,
  isKeyWithCertificate,
  keyWithCertificate,
  readTlsMaterial,
  tlsOptions,
} from '../core/destination-options.ts';
import { type Answer, lifeSign } from '../core/http-answer.ts';
import { flawOf } from '../core/last-look.ts';
import { type Delivery, defineRelay, probeMsMax, type RelayContext } from '../core/relay.ts';
import { classify } from '../fhir/outcome.ts';
import { toTransaction } from '../fhir/transaction.ts';

const OAuth = z.strictObject({
  tokenUrl: httpsUrl.describe('The token endpoint; signed by whom `ca` names, as the server is.'),
  clientId: z.string().min(1).max(200).describe('What the authorization server calls the gateway.'),
  scope: z
    .string()
    .min(1)
    .max(1_000)
    .default('system/Observation.c system/Device.c')
    .describe('What the gateway asks to be allowed.'),
  key: z
    .string()
    .min(1)
    .describe('PEM file, mode 600: the private key of P-384 (ES384) or RSA (RS384).'),
  keyId: z
    .string()
    .regex(/^[\w.:-]{1,100}$/)
    .describe('What the authorization server calls that key: kid.'),
});

const Options = z
  .strictObject({
    url: httpsUrl.describe('Base address of the hospital’s FHIR R4 server. HTTPS only.'),
    timeoutMs: z
      .int()
      .min(100)
      .max(120_000)
      .default(10_000)
      .describe('The longest one transaction may take, from connecting to the last byte.'),
    oauth: OAuth.optional().describe('Where the server wants an access token.'),
    ...tlsOptions,
  })
  .refine(isKeyWithCertificate, keyWithCertificate);
type Options = z.output<typeof Options>;

/** A transaction-response to the largest batch is far smaller. */
const answerBytesMax = 1_048_576;

/**
 * What a server can do (FHIR R4 http.html#capabilities): anybody may ask for it, and it stores nothing.
 * `_elements`, because the whole of it may be megabytes.
 */
const question = 'metadata?_elements=fhirVersion';

const headers = {
  'content-type': 'application/fhir+json',
  accept: 'application/fhir+json',
  prefer: 'return=minimal',
};

export default defineRelay<Options>({
  id: 'fhir',
  options: Options,
  batchMax: 100,

  connect(options, context) {
    const { url, timeoutMs } = options;
    const tls = readTlsMaterial(options, context);
    const client = openHttpsClient({ url, timeoutMs, answerBytesMax, tls });
    const tokens = tokensOf(options, context);
    const post = (body: Buffer, token?: string) =>
      client.ask({
        method: 'POST',
        headers: token === undefined ? headers : { ...headers, authorization: `Bearer ${token}` },
        body,
      });

    return {
      async send(batch) {
        const flaw = flawOf(batch);
        if (flaw) return { outcome: 'refused', cause: flaw };
        const { body, entryCount } = toTransaction(batch);
        if (entryCount === 0) return { outcome: 'delivered' };
        const bytes = Buffer.from(body);
        const exchange = tokens
          ? await authorised(tokens, (token) => post(bytes, token))
          : await post(bytes);
        if ('outcome' in exchange) return exchange;
        if ('status' in exchange) return classify(exchange, entryCount, context.now());
        return brokenDelivery(exchange);
      },
      async probe() {
        const exchange = await client.ask({
          method: 'GET',
          url: `${url.replace(/\/$/, '')}/${question}`,
          headers: { accept: headers.accept },
          timeoutMs: Math.min(timeoutMs, probeMsMax),
        });
        return 'status' in exchange ? lifeSign(exchange) : brokenDelivery(exchange);
      },
      close() {
        client.close();
        tokens?.close();
      },
    };
  },
});

/** Undefined where the server wants none. */
function tokensOf(options: Options, context: RelayContext): AccessTokens | undefined {
  const { oauth, timeoutMs } = options;
  if (!oauth) return undefined;
  const key = context.readSecret(oauth.key);
  const tls = readTlsMaterial(options, context);
  return openAccessTokens({ ...oauth, key, timeoutMs, tls, now: context.now });
}

/** A token may be taken back before it expires: one that is not taken is replaced once. */
async function authorised(
  tokens: AccessTokens,
  post: (token: string) => Promise<Answer | Broken>,
): Promise<Answer | Broken | Delivery> {
  const first = await tokens.get();
  if ('cause' in first) return { outcome: 'retry', cause: first.cause };
  const exchange = await post(first.token);
  if (!('status' in exchange) || exchange.status !== 401) return exchange;
  tokens.forget(first.token);
  const second = await tokens.get();
  if ('cause' in second) return { outcome: 'retry', cause: second.cause };
  return post(second.token);
}
