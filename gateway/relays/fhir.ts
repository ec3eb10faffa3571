import { z } from 'zod';
import { type AccessTokens, openAccessTokens } from '../clients/access-token.ts';
import { type Broken, brokenDelivery, openHttpsClient } from '../clients/https-client.ts';
import { sendEach } from '../clients/send-each.ts';
import {
  httpsUrl,
  isKeyWithCertificate,
  keyWithCertificate,
  readTlsMaterial,
  tlsOptions,
} from '../core/destination-options.ts';
import { GatewayError } from '../core/error.ts';
import { type Answer, lifeSign } from '../core/http-answer.ts';
import { flawOf } from '../core/last-look.ts';
import { observationIdSystem, type Released } from '../core/observation.ts';
import {
  type Delivery,
  defineRelay,
  type OutboxEntry,
  probeMsMax,
  type RelayContext,
} from '../core/relay.ts';
import { toDeviceUpdate } from '../fhir/device.ts';
import { toObservations } from '../fhir/observation.ts';
import { classify, classifyCreate } from '../fhir/outcome.ts';
import { searchFor } from '../fhir/search.ts';
import { toTransaction } from '../fhir/transaction.ts';

const OAuth = z.strictObject({
  tokenUrl: httpsUrl.describe('The token endpoint; signed by whom `ca` names, as the server is.'),
  clientId: z.string().min(1).max(200).describe('What the authorization server calls the gateway.'),
  scope: z
    .string()
    .min(1)
    .max(1_000)
    .default('system/Observation.c system/Device.cu')
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
      .describe('The longest one exchange may take, from connecting to the last byte.'),
    mode: z
      .enum(['transaction', 'single'])
      .default('transaction')
      .describe(
        'Many resources in a transaction, or each by itself where the server does none. Either way each is created only if it is not there.',
      ),
    oauth: OAuth.optional().describe('Where the server wants an access token.'),
    ...tlsOptions,
  })
  .refine(isKeyWithCertificate, keyWithCertificate);
type Options = z.output<typeof Options>;

/** A transaction-response to the largest batch is far smaller. */
const answerBytesMax = 1_048_576;
/** So often it is looked whether a device is still what the server was told. */
const describeEveryMs = 300_000;
/** Devices that are remembered as told; beyond it the first ones are told again. */
const toldMax = 10_000;

const mediaType = 'application/fhir+json';
/**
 * What a server can do (FHIR R4 http.html#capabilities): anybody may ask for it, and it stores nothing.
 * `_elements`, because the whole of it may be megabytes.
 */
const question = 'metadata?_elements=fhirVersion';

export default defineRelay<Options>({
  id: 'fhir',
  options: Options,
  batchMax: 100,

  connect(options, context) {
    const server = openServer(options, context);
    const { channel, now, describe } = context;
    // On one line only: two at once could make two of one device.
    const tell = describe && channel === 'data' ? tellerOf(server, describe) : undefined;
    const sendAll = options.mode === 'single' ? sendSingly : sendTogether;

    return {
      async send(batch) {
        const flaw = flawOf(batch);
        if (flaw) return { outcome: 'refused', cause: flaw };
        const delivery = await sendAll(batch, server, now);
        // What was measured does not wait for it.
        if (delivery.outcome === 'delivered') void tell?.(batch);
        return delivery;
      },
      probe: () => server.probe(),
      close: () => server.close(),
    };
  },
});

async function sendTogether(
  batch: readonly OutboxEntry[],
  server: Server,
  now: () => number,
): Promise<Delivery> {
  const { body, entryCount } = toTransaction(batch);
  if (entryCount === 0) return { outcome: 'delivered' };
  const headers = { prefer: 'return=minimal' };
  const exchange = await server.write({ method: 'POST', path: '', headers, body });
  return 'status' in exchange ? classify(exchange, entryCount, now()) : broken(exchange);
}

/** Resource by resource, where a server does no transactions. */
function sendSingly(
  batch: readonly OutboxEntry[],
  server: Server,
  now: () => number,
): Promise<Delivery> {
  return sendEach(batch, async (entry) => {
    let storedCount = 0;
    for (const { id, json } of toObservations(entry)) {
      const search = searchFor(observationIdSystem, id);
      const headers = { 'if-none-exist': search, prefer: 'return=OperationOutcome' };
      const asked = { method: 'POST', path: 'Observation', headers, body: json } as const;
      const exchange = await server.write(asked);
      const delivery = 'status' in exchange ? classifyCreate(exchange, now()) : broken(exchange);
      // Of a record that is stored in part it cannot be said that nothing is.
      if (delivery.outcome === 'retry' && storedCount > 0)
        return { outcome: 'unknown', cause: delivery.cause };
      if (delivery.outcome !== 'delivered') return delivery;
      storedCount += 1;
    }
    return { outcome: 'delivered' };
  });
}

/**
 * Tells the server what each device is, once and again when that changed. A server that does not take
 * it is asked again later: every observation names its device without it.
 */
function tellerOf(server: Server, describe: NonNullable<RelayContext['describe']>) {
  const told = new Map<string, { readonly json: string; readonly untilMs: number }>();
  let pausedUntilMs = 0;
  let isTelling = false;

  async function tellOne(pseudonym: string): Promise<void> {
    const untilMs = performance.now() + describeEveryMs;
    const description = await describe(pseudonym);
    const { path, json } = description
      ? toDeviceUpdate(pseudonym, description)
      : { path: '', json: '' };
    if (description && json !== told.get(pseudonym)?.json) {
      const headers = { prefer: 'return=minimal' };
      const exchange = await server.write({ method: 'PUT', path, headers, body: json });
      const isTold = 'status' in exchange && exchange.status >= 200 && exchange.status < 300;
      if (!isTold) {
        pausedUntilMs = untilMs;
        return;
      }
    }
    told.delete(pseudonym);
    if (told.size >= toldMax) told.delete(told.keys().next().value ?? pseudonym);
    told.set(pseudonym, { json, untilMs });
  }

  return async (batch: readonly OutboxEntry[]): Promise<void> => {
    if (isTelling) return;
    isTelling = true;
    const devices = new Set(batch.flatMap(({ observations }) => observations.map(deviceOf)));
    try {
      for (const device of devices) {
        const at = performance.now();
        if (at < pausedUntilMs) break;
        if (at >= (told.get(device)?.untilMs ?? 0)) await tellOne(device);
      }
    } catch (error) {
      // The keeper has ended, or cannot read for now: there is nothing to tell.
      if (!(error instanceof GatewayError)) throw error;
    } finally {
      isTelling = false;
    }
  };
}

function deviceOf({ device }: Released): string {
  return device;
}

/** Nothing, where what is to be written was not: no token, or the line broke. */
type NotAnswered = Broken | { readonly tokenCause: string };

function broken(exchange: NotAnswered): Delivery {
  if ('tokenCause' in exchange) return { outcome: 'retry', cause: exchange.tokenCause };
  return brokenDelivery(exchange);
}

interface WriteRequest {
  readonly method: 'POST' | 'PUT';
  /** Below the base address. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

interface Server {
  write(request: WriteRequest): Promise<Answer | NotAnswered>;
  probe(): Promise<Delivery>;
  close(): void;
}

function openServer(options: Options, context: RelayContext): Server {
  const { timeoutMs } = options;
  const tls = readTlsMaterial(options, context);
  const base = options.url.replace(/\/$/, '');
  const client = openHttpsClient({ url: options.url, timeoutMs, answerBytesMax, tls });
  const tokens = tokensOf(options, context);

  return {
    write({ method, path, headers, body }) {
      const given = { ...headers, 'content-type': mediaType, accept: mediaType };
      const url = path === '' ? options.url : `${base}/${path}`;
      const bytes = Buffer.from(body);
      const ask = (more: Readonly<Record<string, string>>) =>
        client.ask({ method, url, headers: { ...given, ...more }, body: bytes });
      return tokens ? authorised(tokens, ask) : ask({});
    },
    async probe() {
      const exchange = await client.ask({
        method: 'GET',
        url: `${base}/${question}`,
        headers: { accept: mediaType },
        timeoutMs: Math.min(timeoutMs, probeMsMax),
      });
      return 'status' in exchange ? lifeSign(exchange) : brokenDelivery(exchange);
    },
    close() {
      client.close();
      tokens?.close();
    },
  };
}

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
  ask: (headers: Readonly<Record<string, string>>) => Promise<Answer | Broken>,
): Promise<Answer | NotAnswered> {
  const first = await tokens.get();
  if ('cause' in first) return { tokenCause: first.cause };
  const exchange = await ask({ authorization: `Bearer ${first.token}` });
  if (!('status' in exchange) || exchange.status !== 401) return exchange;
  tokens.forget(first.token);
  const second = await tokens.get();
  if ('cause' in second) return { tokenCause: second.cause };
  return ask({ authorization: `Bearer ${second.token}` });
}
