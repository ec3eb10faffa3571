import { z } from 'zod';
import { type Answer, declined } from '../core/http-answer.ts';
import type { Delivery } from '../core/relay.ts';

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
  return declined(answer, now, issueOf(body));
}

/**
 * The fate of one conditional create (FHIR R4 http.html#ccreate): 201 when it is new, 200 when it was
 * there. Either needs a mark of a FHIR server: the address of what it has, or a resource.
 */
export function classifyCreate(answer: Answer, now: number): Delivery {
  const { status, body, location } = answer;
  if (status < 200 || status >= 300) return declined(answer, now, issueOf(body));
  if (body === undefined) return { outcome: 'unknown', cause: 'answer incomplete' };
  const isOfFhir = Resource.safeParse(parse(body)).success || (body === '' && location);
  return isOfFhir && (status === 200 || status === 201)
    ? { outcome: 'delivered' }
    : { outcome: 'unknown', cause: 'answer does not say that it is stored' };
}

const Resource = z.object({ resourceType: z.string() });

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
