import { z } from 'zod';
import { brokenDelivery, openHttpsClient } from '../clients/https-client.ts';
import {
  httpsUrl,
  isKeyWithCertificate,
  keyWithCertificate,
  readTlsMaterial,
  tlsOptions,
} from '../core/destination-options.ts';
import { flawOf } from '../core/last-look.ts';
import { defineRelay } from '../core/relay.ts';
import { classify } from '../fhir/outcome.ts';
import { toTransaction } from '../fhir/transaction.ts';

const Options = z
  .strictObject({
    url: httpsUrl.describe('Base address of the hospital’s FHIR R4 server. HTTPS only.'),
    timeoutMs: z
      .int()
      .min(100)
      .max(120_000)
      .default(10_000)
      .describe('The longest one transaction may take, from connecting to the last byte.'),
    ...tlsOptions,
  })
  .refine(isKeyWithCertificate, keyWithCertificate);
type Options = z.output<typeof Options>;

/** A transaction-response to the largest batch is far smaller. */
const answerBytesMax = 1_048_576;

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

    return {
      async send(batch) {
        const flaw = flawOf(batch);
        if (flaw) return { outcome: 'refused', cause: flaw };
        const { body, entryCount } = toTransaction(batch);
        if (entryCount === 0) return { outcome: 'delivered' };
        const exchange = await client.post(Buffer.from(body), headers);
        if ('status' in exchange) return classify(exchange, entryCount, context.now());
        return brokenDelivery(exchange);
      },
      close: () => client.close(),
    };
  },
});
