import { z } from 'zod';
import type { Delivery } from '../core/relay.ts';

/** What a FHIR server answered. `body` is undefined when it broke off or passed its limit. */
export interface Answer {
  readonly status: number;
  readonly retryAfter?: string | undefined;
  readonly body: string | undefined;
}

/** However long a server asks us to wait, we look again after this. */
export const retryAfterMsMax = 300_000;

/**
 * Endpoint or access is wrong, not what was sent: the site must fix it, and nothing is set aside
 * for it. 404 is here because proxies answer so while the server behind them restarts.
 */
const siteMustFix: readonly number[] = [401, 403, 404, 405, 407, 410, 421];
/** RFC 9110 15.5.9, RFC 8470 5.2, RFC 6585 4. */
const transient: readonly number[] = [408, 425, 429];

/**
 * The fate of a transaction by its answer. `delivered` needs the proof: a transaction-response that
 * accounts for every entry (FHIR R4 http.html#transaction-response). All else with a 2xx is
 * `unknown`, for it may have come from a proxy or a login page.
 *
 * @param now milliseconds since the epoch, for a Retry-After that is a date
 */
export function classify(answer: Answer, entryCount: number, now: number): Delivery {
  const { status, body } = answer;
  if (status >= 200 && status < 300) return classifySuccess(body, entryCount);
  const cause = `HTTP ${status}${issueOf(body)}`;
  const isClientError = status >= 400 && status < 500;
  if (isClientError && !siteMustFix.includes(status) && !transient.includes(status)) {
    return { outcome: 'refused', cause };
  }
  return { outcome: 'retry', cause, afterMs: retryAfterMs(answer.retryAfter, now) };
}

const TransactionResponse = z.object({
  resourceType: z.literal('Bundle'),
  type: z.literal('transaction-response'),
  entry: z.array(z.object({ response: z.object({ status: z.string() }) })),
});

/** Bundle.entry.response.status: the code, then optionally the reason phrase. */
const storedStatus = /^(200|201|204|304)( |$)/;

function classifySuccess(body: string | undefined, entryCount: number): Delivery {
  if (body === undefined) return { outcome: 'unknown', cause: 'answer incomplete' };
  const { data: bundle } = TransactionResponse.safeParse(parse(body));
  if (!bundle) return { outcome: 'unknown', cause: 'answer is no transaction-response' };
  if (bundle.entry.length !== entryCount) {
    return { outcome: 'unknown', cause: 'answer does not account for every entry' };
  }
  return bundle.entry.every(({ response }) => storedStatus.test(response.status))
    ? { outcome: 'delivered' }
    : { outcome: 'unknown', cause: 'an entry was not reported as stored' };
}

/** RFC 9110 10.2.3: seconds or an IMF-fixdate. */
export function retryAfterMs(header: string | undefined, now: number): number | undefined {
  if (header === undefined) return undefined;
  const text = header.trim();
  if (/^\d{1,10}$/.test(text)) return Math.min(Number(text) * 1_000, retryAfterMsMax);
  if (!/^\w{3}, \d{2} \w{3} \d{4} \d{2}:\d{2}:\d{2} GMT$/.test(text)) return undefined;
  const at = Date.parse(text);
  return Number.isNaN(at) ? undefined : Math.min(Math.max(at - now, 0), retryAfterMsMax);
}

const OperationOutcome = z.object({
  resourceType: z.literal('OperationOutcome'),
  issue: z.tuple(
    [
      z.object({
        code: z.string().regex(/^[a-z-]{1,40}$/),
        expression: z.tuple([z.string().regex(/^[\w.[\]()]{1,120}$/)], z.unknown()).optional(),
      }),
    ],
    z.unknown(),
  ),
});

/**
 * The coded part of an OperationOutcome: which kind of issue, at which element. Its free text stays
 * out: it may quote what was sent.
 */
function issueOf(body: string | undefined): string {
  if (body === undefined) return '';
  const { data } = OperationOutcome.safeParse(parse(body));
  if (!data) return '';
  const [{ code, expression }] = data.issue;
  return expression ? ` (${code} at ${expression[0]})` : ` (${code})`;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // What is no JSON is not an answer of a FHIR server; the schemas refuse undefined.
    return undefined;
  }
}
